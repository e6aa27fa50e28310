using System.Text.Json.Nodes;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Streaming;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Calls.Streaming;

public sealed class LogStreamJobTests(PostgresFixture postgres) : DataTests(postgres)
{
    [Fact]
    public async Task The_chain_is_read_in_pages_each_call_once_and_never_an_other_organisations()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id, other = (await Host.AddOrganizationAsync("other")).Organization.Id;
        LogStream stream = await AddAsync(acme);
        List<CallId> written = [];
        Random random = new(7);
        for (int batch = 0; batch < 20; batch++)
        {
            // Of both, and not in the order of their times.
            CallRecord[] calls = [.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => DataHost.NewCall(random.Next(3) == 0 ? other : acme, DataHost.Now.AddMinutes(-random.Next(3000))))];
            await Host.CallsOf(acme).WriteAsync(calls, Cancelled);
            written.AddRange(calls.Where(c => c.Organization == acme).Select(c => c.Id));
        }

        List<CallId> read = [];
        long position = stream.Progress.Position;
        while (await Host.Get<ILogStreamStore>().ReadAsync(acme, position, 7, new CallFilter(), Cancelled) is { } page)
        {
            page.Last.ShouldBeGreaterThan(position);
            page.Calls.Select(c => c.Sequence).ShouldBeInOrder();
            read.AddRange(page.Calls.Select(c => c.Call.Id));
            position = page.Last;
        }

        read.ShouldBe(written, ignoreOrder: true);
        read.Distinct().Count().ShouldBe(written.Count);
    }

    [Fact]
    public async Task A_position_is_moved_by_one_replica_only_and_not_for_a_stream_that_is_gone()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        LogStream stream = await AddAsync(acme);
        ILogStreamStore store = Host.Get<ILogStreamStore>();
        LogStreamProgress moved = stream.Progress with { Position = stream.Progress.Position + 5, Delivered = 5, DeliveredAt = DataHost.Now };

        (await store.NoteAsync(stream, moved, Cancelled)).ShouldBeTrue();
        (await store.NoteAsync(stream, moved with { Delivered = 6 }, Cancelled)).ShouldBeFalse();
        (await store.ListAsync(acme, Cancelled)).Single().Stream.Progress.ShouldBe(moved);
        stream = stream with { Progress = moved };
        (await store.PauseAsync(acme, stream.Id, DataHost.Now, TestChanges.In(acme), Cancelled)).ShouldBeTrue();
        moved = moved with { Position = moved.Position + 1 };
        (await store.NoteAsync(stream, moved, Cancelled)).ShouldBeFalse("it is noted, and nothing more is sent");
        (await store.ListAsync(acme, Cancelled)).Single().Stream.Progress.ShouldBe(moved);
        (await store.DeleteAsync(acme, stream.Id, TestChanges.In(acme), Cancelled)).ShouldBeTrue();
        (await store.NoteAsync(stream with { Progress = moved }, moved with { Position = 100 }, Cancelled)).ShouldBeFalse();
    }

    [Fact]
    public void A_batch_ends_before_it_is_too_long_and_a_call_that_is_longer_goes_alone()
    {
        LinkedCall[] calls = [.. new[] { 10, 600_000, 600_000, 3_000_000, 10, 10 }.Select((bytes, i) => new LinkedCall(i + 1, LogStreamDesk.NewCall("big") with { Request = (byte[])[.. Enumerable.Repeat((byte)0xff, bytes * 3 / 4)] }))];

        LogBatch[] batches = [.. LogBatch.Of(LogMessage.Of(new LinkedCalls(6, false, calls), payloads: true))];

        batches.Select(b => (b.First, b.Last)).ShouldBe([(1, 2), (3, 3), (4, 4), (5, 6)]);
        batches.SelectMany(b => b.Messages).Select(m => (string)JsonNode.Parse(m.Line.Span)!["id"]!).ShouldBe(calls.Select(c => c.Call.Id.ToString()));
        LogBatch.Of(LogMessage.Of(new LinkedCalls(6, false, calls), payloads: false)).Count().ShouldBe(1);
    }

    private async Task<LogStream> AddAsync(OrganizationId organization)
    {
        LogStream stream = new(DataHost.NewId<LogStreamId>(), organization, "siem", new LogTarget.Syslog("127.0.0.1", 9, Tls: false), null, null, "", Payloads: false, DataHost.Now, new LogStreamProgress(0, 0, null, null, null));
        return (await Host.Get<ILogStreamStore>().AddAsync(stream, 10, TestChanges.In(organization), Cancelled))!;
    }
}
