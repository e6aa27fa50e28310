using Mcpx.Core.Governance.PolicyEngines;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Governance;

/// <summary>What a replica remembers of an engine.</summary>
public sealed class EngineMemoryTests
{
    private readonly TestClock _clock = new();

    [Fact]
    public void It_is_left_alone_after_three_failures_in_a_row_and_tried_by_one_call_at_a_time()
    {
        EngineMemory memory = Memory();
        for (int i = 0; i < EngineMemory.FailuresInARow; i++) Enter(memory).Leave(false);

        memory.TryEnter().ShouldBeFalse();
        _clock.Advance(EngineMemory.Pause);
        memory.TryEnter().ShouldBeTrue();
        memory.TryEnter().ShouldBeFalse();
        memory.Leave(false);
        memory.TryEnter().ShouldBeFalse();
        _clock.Advance(EngineMemory.Pause);
        Enter(memory).Leave(true);
        memory.TryEnter().ShouldBeTrue();
        memory.TryEnter().ShouldBeTrue();
    }

    [Fact]
    public void A_yes_in_between_begins_the_counting_anew_and_a_client_that_leaves_says_nothing()
    {
        EngineMemory memory = Memory();
        Enter(memory).Leave(false);
        Enter(memory).Leave(false);
        Enter(memory).Leave(true);
        Enter(memory).Leave(false);
        Enter(memory).Leave(false);
        Enter(memory).Leave(null);
        memory.TryEnter().ShouldBeTrue();
        memory.Leave(false);
        memory.TryEnter().ShouldBeFalse();
        _clock.Advance(EngineMemory.Pause);
        Enter(memory).Leave(null);
        memory.TryEnter().ShouldBeTrue();
    }

    [Fact]
    public void Answers_are_kept_for_their_time_and_not_without_end()
    {
        EngineMemory memory = Memory();
        memory.Remember("a", new PolicyAnswer(true, null));
        memory.Recall("a").ShouldNotBeNull();
        memory.Recall("b").ShouldBeNull();
        _clock.Advance(TimeSpan.FromSeconds(9));
        memory.Recall("a").ShouldNotBeNull();
        _clock.Advance(TimeSpan.FromSeconds(1));
        memory.Recall("a").ShouldBeNull();

        memory.Remember("first", new PolicyAnswer(true, null));
        for (int i = 0; i < EngineMemory.MostAnswers; i++) memory.Remember($"q{i}", new PolicyAnswer(true, null));
        memory.Recall("first").ShouldBeNull();

        EngineMemory withArguments = Memory(includeArguments: true);
        withArguments.Remember("a", new PolicyAnswer(true, null));
        withArguments.Recall("a").ShouldBeNull();
    }

    private static EngineMemory Enter(EngineMemory memory)
    {
        memory.TryEnter().ShouldBeTrue();
        return memory;
    }

    private EngineMemory Memory(bool includeArguments = false) => new(
        new PolicyEngine(default, new Uri("https://opa.example.com/"), Enabled: true, 500, 10, FailOpen: false, includeArguments, CacheArguments: false, null, null, DateTimeOffset.UnixEpoch), _clock);
}
