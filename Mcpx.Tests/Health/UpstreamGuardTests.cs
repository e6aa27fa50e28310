using Mcpx.Core.Health;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Health;

public sealed class UpstreamGuardTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly TestClock _clock = new();
    private readonly UpstreamGuard _guard;
    private readonly UpstreamServer _server = Server(concurrent: 256);

    public UpstreamGuardTests() => _guard = new UpstreamGuard(_clock);

    private CircuitPhase Phase => _guard.StateOf(_server.Organization, _server.Id).Phase;

    [Fact]
    public void Five_failures_in_a_row_open_the_circuit_and_four_do_not()
    {
        Fail(4);
        Succeed();
        Fail(4);
        Phase.ShouldBe(CircuitPhase.Closed);

        Fail(1);

        Phase.ShouldBe(CircuitPhase.Open);
        var refused = _guard.Enter(_server).ShouldBeOfType<Admission.Refused>();
        (refused.Reason, refused.RetryAfter).ShouldBe(("circuit_open", 5 * Second));
        refused.Sentence.ShouldContain(_server.Slug);
        var state = _guard.StateOf(_server.Organization, _server.Id);
        (state.Since, state.LastFailure, state.LastFailureAt).ShouldBe((_clock.GetUtcNow(), "it broke", _clock.GetUtcNow()));
    }

    [Fact]
    public void Half_of_twenty_calls_within_ten_seconds_open_the_circuit()
    {
        for (var i = 0; i < 9; i++)
        {
            Succeed();
            Fail(1);
        }

        Succeed();
        Phase.ShouldBe(CircuitPhase.Closed, "Nineteen calls are too few.");
        Fail(1);
        Phase.ShouldBe(CircuitPhase.Open);
    }

    [Fact]
    public void What_was_long_ago_does_not_count()
    {
        for (var i = 0; i < 30; i++)
        {
            Succeed();
            Fail(1);
            _clock.Advance(1.2 * Second);
        }

        Phase.ShouldBe(CircuitPhase.Closed, "Never more than eighteen calls within ten seconds.");
    }

    [Fact]
    public void A_server_under_load_that_begins_to_fail_is_left_alone_within_ten_seconds()
    {
        // Twenty calls a second; from some moment on every other fails, never two in a row.
        for (var i = 0; i < 200; i++)
        {
            Succeed();
            _clock.Advance(Second / 20);
        }

        var began = _clock.GetUtcNow();
        for (var i = 0; Phase is CircuitPhase.Closed && i < 200; i++)
        {
            Succeed();
            Fail(1);
            _clock.Advance(Second / 10);
        }

        (_clock.GetUtcNow() - began).ShouldBeLessThanOrEqualTo(10 * Second);
    }

    [Fact]
    public void After_the_pause_one_call_at_a_time_finds_out()
    {
        Fail(5);
        _clock.Advance(4.9 * Second);
        _guard.Enter(_server).ShouldBeOfType<Admission.Refused>().RetryAfter.ShouldBe(Second);
        _clock.Advance(0.1 * Second);
        Phase.ShouldBe(CircuitPhase.HalfOpen);

        _guard.Enter(_server, standing: true).ShouldBeOfType<Admission.Refused>("A standing stream would tell too late.");
        var probe = Enter();
        probe.IsProbe.ShouldBeTrue();
        _guard.Enter(_server).ShouldBeOfType<Admission.Refused>();
        probe.Succeeded();

        Phase.ShouldBe(CircuitPhase.Closed);
        Enter().IsProbe.ShouldBeFalse();
        Fail(4);
        Phase.ShouldBe(CircuitPhase.Closed, "Failures of before are forgotten.");
    }

    [Fact]
    public void The_pause_doubles_up_to_fifteen_seconds_and_begins_at_five_again_after_healing()
    {
        Fail(5);
        foreach (var pause in new[] { 5, 10, 15, 15 })
        {
            _guard.Enter(_server).ShouldBeOfType<Admission.Refused>().RetryAfter.ShouldBe(pause * Second);
            _clock.Advance(pause * Second);
            Fail(1);
        }

        _clock.Advance(15 * Second);
        Succeed();
        Fail(5);
        _guard.Enter(_server).ShouldBeOfType<Admission.Refused>().RetryAfter.ShouldBe(5 * Second);
    }

    [Fact]
    public void A_probe_that_hung_does_not_lengthen_the_pause()
    {
        Fail(5);
        _clock.Advance(5 * Second);
        var probe = Enter();
        _clock.Advance(10 * Second);
        probe.Failed("no answer in time");

        Enter().IsProbe.ShouldBeTrue("Ten seconds after the probe's start the next one may go.");
    }

    [Fact]
    public void A_probe_whose_client_went_away_leaves_its_turn_to_the_next()
    {
        Fail(5);
        _clock.Advance(5 * Second);
        Enter().Dispose();

        Phase.ShouldBe(CircuitPhase.HalfOpen);
        Enter().IsProbe.ShouldBeTrue();
    }

    [Fact]
    public void Calls_that_say_nothing_are_not_counted_and_what_is_said_first_holds()
    {
        for (var i = 0; i < 100; i++) Enter().Dispose();
        for (var i = 0; i < 4; i++)
        {
            var call = Enter();
            call.Failed("it broke");
            call.Failed("again");
            call.Succeeded();
            call.Dispose();
            call.Dispose();
        }

        Phase.ShouldBe(CircuitPhase.Closed);
        Fail(1);
        Phase.ShouldBe(CircuitPhase.Open);
    }

    [Fact]
    public void Calls_of_before_have_no_say_in_an_open_circuit()
    {
        var (good, bad) = (Enter(), Enter());
        Fail(5);
        good.Succeeded();
        Phase.ShouldBe(CircuitPhase.Open);
        _clock.Advance(5 * Second);
        bad.Failed("late");
        Phase.ShouldBe(CircuitPhase.HalfOpen);
        _guard.StateOf(_server.Organization, _server.Id).LastFailure.ShouldBe("late");
        Succeed();
        Phase.ShouldBe(CircuitPhase.Closed);
    }

    [Fact]
    public void Streams_and_calls_fill_bulkheads_of_their_own()
    {
        var small = Server(concurrent: 2);
        var calls = new[] { Enter(small), Enter(small) };
        var busy = _guard.Enter(small).ShouldBeOfType<Admission.Refused>();
        (busy.Reason, busy.RetryAfter).ShouldBe(("server_busy", Second));
        using var stream = _guard.Enter(small, standing: true).ShouldBeOfType<Admission.Granted>();
        using var second = _guard.Enter(small, standing: true).ShouldBeOfType<Admission.Granted>();
        _guard.Enter(small, standing: true).ShouldBeOfType<Admission.Refused>();

        calls[0].Dispose();

        Enter(small);
        _guard.Enter(small).ShouldBeOfType<Admission.Refused>();
    }

    [Fact]
    public void What_one_server_does_is_no_other_servers_business()
    {
        Fail(5);
        var sameServerOfAnotherOrganization = _server with { Organization = EntityId.New<OrganizationId>(_clock) };

        _guard.Enter(sameServerOfAnotherOrganization).ShouldBeOfType<Admission.Granted>();
        _guard.Enter(Server(256)).ShouldBeOfType<Admission.Granted>();
        _guard.StateOf(sameServerOfAnotherOrganization.Organization, _server.Id).ShouldBe(CircuitState.Untouched);
    }

    [Fact]
    public void A_server_that_nobody_called_for_an_hour_is_forgotten_unless_somebody_is_inside()
    {
        var held = Server(concurrent: 1);
        using var inside = Enter(held);
        Fail(5);
        _clock.Advance(61 * TimeSpan.FromMinutes(1));
        Enter(Server(1)).Dispose();

        _guard.StateOf(_server.Organization, _server.Id).ShouldBe(CircuitState.Untouched);
        _guard.Enter(held).ShouldBeOfType<Admission.Refused>().Reason.ShouldBe("server_busy");
    }

    [Fact]
    public void A_replica_takes_as_many_calls_as_it_may_and_streams_besides()
    {
        var limit = new GlobalLimit(2);
        (limit.TryEnter(false), limit.TryEnter(false), limit.TryEnter(false), limit.TryEnter(true)).ShouldBe((true, true, false, true));
        (limit.Calls, limit.Streams).ShouldBe((2, 1));
        limit.Leave(false);
        limit.TryEnter(false).ShouldBeTrue();
    }

    internal static UpstreamServer Server(int concurrent)
    {
        var id = EntityId.New<ServerId>(TimeProvider.System);
        var organization = EntityId.New<OrganizationId>(TimeProvider.System);
        return new UpstreamServer(id, organization, "finance", "Finance", "", new Uri("https://finance.example/mcp"), 60, true, default, default)
        {
            Limits = UpstreamLimits.Default with { ConcurrentCalls = concurrent },
        };
    }

    private Admission.Granted Enter(UpstreamServer? server = null) => _guard.Enter(server ?? _server).ShouldBeOfType<Admission.Granted>();

    private void Succeed()
    {
        using var call = Enter();
        call.Succeeded();
    }

    private void Fail(int times)
    {
        for (var i = 0; i < times; i++)
        {
            using var call = Enter();
            call.Failed("it broke");
        }
    }
}
