using System.Text;
using Mcpx.Core.Governance.Pinning;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy;
using Mcpx.Core.Servers;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Data;

public sealed class ToolPinStoreTests(PostgresFixture postgres) : DataTests(postgres)
{
    private IToolPinStore Pins => Host.Get<IToolPinStore>();

    [Fact]
    public async Task The_first_own_reading_is_trusted_and_what_deviates_later_waits()
    {
        (OrganizationId acme, ServerId server) = await ServerAsync();

        (await NoteAsync(acme, server, PinReading.Own, ("a", "1"), ("b", "1"))).ShouldAllBe(n => n.State == PinState.Approved);
        (await NoteAsync(acme, server, PinReading.Own, ("a", "1"), ("b", "1"))).ShouldBeEmpty();
        (await NoteAsync(acme, server, PinReading.Own, ("a", "2"), ("c", "1"))).Select(n => (n.Tool, n.State)).ShouldBe([("a", PinState.Changed), ("c", PinState.New)]);

        StoredPins stored = (await Pins.FindAsync(acme, server, Cancelled))!;
        stored.Settings.BaselineAt.ShouldNotBeNull();
        stored.Tools.Select(t => (t.Tool, t.Pin.State, t.ApprovedBy)).ShouldBe([("a", PinState.Changed, null), ("b", PinState.Approved, null), ("c", PinState.New, null)]);
        StoredPin a = stored.Tools[0];
        Text(a.ApprovedJson!.Value).ShouldBe("\"1\"");
        Text(a.SeenJson).ShouldBe("\"2\"");

        // Back to what it was: no alarm, and nothing to approve.
        (await NoteAsync(acme, server, PinReading.Own, ("a", "1"))).ShouldHaveSingleItem().State.ShouldBe(PinState.Approved);
    }

    [Fact]
    public async Task What_a_client_saw_is_no_baseline_and_stays_until_somebody_decides()
    {
        (OrganizationId acme, ServerId server) = await ServerAsync();

        (await NoteAsync(acme, server, PinReading.Client, ("a", "1"))).ShouldBeEmpty();
        await NoteAsync(acme, server, PinReading.Own, ("a", "1"));
        (await NoteAsync(acme, server, PinReading.Client, ("a", "evil"))).ShouldHaveSingleItem().State.ShouldBe(PinState.Changed);
        (await NoteAsync(acme, server, PinReading.Own, ("a", "1"))).ShouldBeEmpty();
        (await FindAsync(acme, server, "a")).ShouldSatisfyAllConditions(p => p.Pin.State.ShouldBe(PinState.Changed), p => p.Pin.SeenByClient.ShouldBeTrue());

        (await Pins.RejectAsync(acme, server, [new PinChoice("a", Hash("evil"))], Cancelled)).ShouldBe(["a"]);

        (await FindAsync(acme, server, "a")).ShouldSatisfyAllConditions(p => p.Pin.State.ShouldBe(PinState.Approved), p => p.Pin.Rejected.ShouldBe(Hash("evil")), p => Text(p.SeenJson).ShouldBe("\"1\""));
    }

    [Fact]
    public async Task A_slow_reading_does_not_undo_what_a_quicker_one_found()
    {
        (OrganizationId acme, ServerId server) = await ServerAsync();
        await NoteAsync(acme, server, PinReading.Own, ("a", "1"));
        DateTimeOffset slow = DataHost.Now.AddSeconds(-1);
        await NoteAsync(acme, server, PinReading.Own, ("a", "2"));

        (await Pins.NoteAsync(acme, server, PinReading.Own, [Seen("a", "1")], slow, DataHost.Now, Cancelled)).ShouldBeEmpty();

        (await FindAsync(acme, server, "a")).Pin.State.ShouldBe(PinState.Changed);
        (await Pins.NoteAsync(acme, server, PinReading.Own, [Seen("a", "1")], DataHost.Now.AddSeconds(1), DataHost.Now, Cancelled)).ShouldHaveSingleItem().State.ShouldBe(PinState.Approved);
    }

    [Fact]
    public async Task A_yes_or_no_is_for_the_definition_that_was_looked_at()
    {
        (OrganizationId acme, ServerId server) = await ServerAsync();
        await NoteAsync(acme, server, PinReading.Own, ("a", "1"));
        await NoteAsync(acme, server, PinReading.Own, ("a", "2"));
        await NoteAsync(acme, server, PinReading.Own, ("a", "3"));

        (await ApproveAsync(acme, server, "a", "2"))!.ShouldBeEmpty();
        (await Pins.RejectAsync(acme, server, [new PinChoice("a", Hash("2"))], Cancelled))!.ShouldBeEmpty();
        (await FindAsync(acme, server, "a")).Pin.State.ShouldBe(PinState.Changed);
        (await Pins.RejectAsync(acme, server, [new PinChoice("a", Hash("3"))], Cancelled)).ShouldBe(["a"]);
        (await FindAsync(acme, server, "a")).Pin.State.ShouldBe(PinState.Rejected);
        (await ApproveAsync(acme, server, "a", "3")).ShouldBe(["a"]);

        StoredPin pin = await FindAsync(acme, server, "a");
        (pin.Pin.State, pin.ApprovedBy, pin.Pin.Rejected).ShouldBe((PinState.Approved, "Ada", null));
        Text(pin.ApprovedJson!.Value).ShouldBe("\"3\"");
    }

    [Fact]
    public async Task To_review_first_takes_back_trust_and_leaves_what_people_approved()
    {
        (OrganizationId acme, ServerId server) = await ServerAsync();
        await NoteAsync(acme, server, PinReading.Own, ("a", "1"), ("b", "1"));
        await NoteAsync(acme, server, PinReading.Own, ("b", "2"));
        await ApproveAsync(acme, server, "b", "2");

        (await Pins.SetAsync(acme, server, PinMode.Quarantine, reviewFirst: true, Cancelled)).ShouldBeTrue();

        (await FindAsync(acme, server, "a")).ShouldSatisfyAllConditions(p => p.Pin.State.ShouldBe(PinState.New), p => p.ApprovedJson.ShouldBeNull(), p => Text(p.SeenJson).ShouldBe("\"1\""));
        (await FindAsync(acme, server, "b")).Pin.State.ShouldBe(PinState.Approved);

        UpstreamServer other = await Host.AddServerAsync(acme, "other");
        await Pins.SetAsync(acme, other.Id, PinMode.Quarantine, reviewFirst: true, Cancelled);
        (await NoteAsync(acme, other.Id, PinReading.Own, ("x", "1"))).ShouldHaveSingleItem().State.ShouldBe(PinState.New);
    }

    [Fact]
    public async Task A_snapshot_reads_only_the_pins_that_are_others_by_now()
    {
        (OrganizationId acme, ServerId server) = await ServerAsync();
        UpstreamServer other = await Host.AddServerAsync(acme, "other");
        await NoteAsync(acme, server, PinReading.Own, ("a", "1"));
        await NoteAsync(acme, other.Id, PinReading.Own, ("x", "1"));
        ISnapshotSource source = Host.Get<ISnapshotSource>();
        ProxySnapshot known = DataHost.Known(await source.LoadAsync(acme, Cancelled));
        await NoteAsync(acme, server, PinReading.Own, ("a", "2"));

        OrganizationPins now = (await source.LoadAsync(acme, known, Cancelled)).Pins!;

        now.Servers[other.Id].ShouldBeSameAs(known.Pins.Find(acme, other.Id));
        now.Servers[server].Tools["a"].State.ShouldBe(PinState.Changed);
        (await source.LoadAllAsync(known, Cancelled)).Single(o => o.Organization == acme).Pins!.Servers[server].Pending.ShouldBe(1);
    }

    [Fact]
    public async Task Many_readers_at_once_make_one_baseline_and_one_alarm()
    {
        (OrganizationId acme, ServerId server) = await ServerAsync();

        var first = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => NoteAsync(acme, server, PinReading.Own, ("a", "1"))));
        var then = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => NoteAsync(acme, server, PinReading.Own, ("a", "2"))));

        first.Count(n => n.Count == 1).ShouldBe(1);
        then.Count(n => n.Count == 1).ShouldBe(1);
        (await FindAsync(acme, server, "a")).Pin.ShouldBe(new ToolPin(Hash("1"), Hash("2"), null));
    }

    [Fact]
    public async Task A_server_that_makes_tools_up_fills_no_more_than_its_place()
    {
        (OrganizationId acme, ServerId server) = await ServerAsync();
        for (int round = 0; round < 3; round++)
            await Pins.NoteAsync(acme, server, PinReading.Own, [.. Enumerable.Range(round * 2000, 2000).Select(i => Seen($"t{i}", "1"))], DateTimeOffset.MaxValue, DataHost.Now, Cancelled);

        (await Host.QueryAsync("SELECT count(*) FROM tool_pins")).ShouldBe((long)PinLearner.MostTools);
        (await Pins.ForgetAsync(acme, server, ["t0", "t1", "nothing"], Cancelled)).ShouldBe(2);
        (await Pins.ForgetAsync(acme, server, ["nothing"], Cancelled)).ShouldBe(0);
    }

    [Fact]
    public async Task A_foreign_organisation_gets_and_changes_nothing_and_pins_go_with_their_server()
    {
        (OrganizationId acme, ServerId server) = await ServerAsync();
        OrganizationId globex = (await Host.AddOrganizationAsync("globex")).Organization.Id;
        await NoteAsync(acme, server, PinReading.Own, ("a", "1"));
        await NoteAsync(acme, server, PinReading.Own, ("a", "2"));

        (await Pins.FindAsync(globex, server, Cancelled)).ShouldBeNull();
        (await NoteAsync(globex, server, PinReading.Own, ("a", "3"))).ShouldBeEmpty();
        (await ApproveAsync(globex, server, "a", "2")).ShouldBeNull();
        (await Pins.RejectAsync(globex, server, [new PinChoice("a", Hash("2"))], Cancelled)).ShouldBeNull();
        (await Pins.ForgetAsync(globex, server, ["a"], Cancelled)).ShouldBeNull();
        (await Pins.SetAsync(globex, server, PinMode.Allow, false, Cancelled)).ShouldBeFalse();
        (await FindAsync(acme, server, "a")).Pin.State.ShouldBe(PinState.Changed);

        await Host.Get<IServerStore>().DeleteAsync(acme, server, Cancelled);
        (await Host.QueryAsync("SELECT (SELECT count(*) FROM tool_pins) + (SELECT count(*) FROM server_pins)")).ShouldBe(0L);
    }

    private async Task<(OrganizationId, ServerId)> ServerAsync()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        return (acme, (await Host.AddServerAsync(acme, "a")).Id);
    }

    private Task<IReadOnlyList<PinNews>> NoteAsync(OrganizationId organization, ServerId server, PinReading reading, params (string Tool, string Definition)[] seen) =>
        Pins.NoteAsync(organization, server, reading, [.. seen.Select(s => Seen(s.Tool, s.Definition))], DateTimeOffset.MaxValue, DataHost.Now, Cancelled);

    private Task<IReadOnlyList<string>?> ApproveAsync(OrganizationId organization, ServerId server, string tool, string definition) =>
        Pins.ApproveAsync(organization, server, [new PinChoice(tool, Hash(definition))], "Ada", DataHost.Now, Cancelled);

    private async Task<StoredPin> FindAsync(OrganizationId organization, ServerId server, string tool) =>
        (await Pins.FindAsync(organization, server, Cancelled))!.Tools.Single(t => t.Tool == tool);

    private static SeenDefinition Seen(string tool, string definition) => new(tool, Hash(definition), Encoding.UTF8.GetBytes($"\"{definition}\""));

    private static DefinitionHash Hash(string definition) => DefinitionHash.Of(Encoding.UTF8.GetBytes($"\"{definition}\""))!.Value;

    private static string Text(ReadOnlyMemory<byte> json) => Encoding.UTF8.GetString(json.Span);
}
