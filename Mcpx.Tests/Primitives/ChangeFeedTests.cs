using Mcpx.Core.Primitives;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Primitives;

public sealed class ChangeFeedTests
{
    private static readonly Change Anything = new(ChangeKind.Everything, Guid.Empty);

    [Fact]
    public async Task Publishing_returns_when_every_memory_took_the_change_in()
    {
        var feed = new ChangeFeed();
        var slow = new TaskCompletionSource();
        var told = new List<string>();
        using var first = feed.Subscribe(async _ =>
        {
            await slow.Task;
            told.Add("first");
        });
        using var second = feed.Subscribe(_ =>
        {
            told.Add("second");
            return ValueTask.CompletedTask;
        });

        var publishing = feed.PublishAsync(Anything).AsTask();
        publishing.IsCompleted.ShouldBeFalse();
        slow.SetResult();
        await publishing;

        told.ShouldBe(["first", "second"]);
    }

    [Fact]
    public async Task Who_left_is_not_told()
    {
        var feed = new ChangeFeed();
        var told = 0;
        feed.Subscribe(_ =>
        {
            told++;
            return ValueTask.CompletedTask;
        }).Dispose();

        await feed.PublishAsync(Anything);

        told.ShouldBe(0);
    }

    [Fact]
    public async Task A_memory_that_fails_does_not_keep_the_change_from_the_others()
    {
        var feed = new ChangeFeed();
        var told = 0;
        using var broken = feed.Subscribe(_ => throw new InvalidOperationException("broken"));
        using var sound = feed.Subscribe(_ =>
        {
            told++;
            return ValueTask.CompletedTask;
        });

        await Should.ThrowAsync<InvalidOperationException>(async () => await feed.PublishAsync(Anything));

        told.ShouldBe(1);
    }
}
