using System.Text;
using FsCheck.Fluent;
using Mcpx.Core.Proxy;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

public sealed class SseEventReaderTests
{
    [Fact]
    public void A_byte_order_mark_hides_neither_type_nor_id()
    {
        SseEventReader.IsMessage("\uFEFFevent: ping\ndata: x\n\n"u8).ShouldBeFalse();
        SseEventReader.IsMessage("\uFEFFevent: message\ndata: x\n\n"u8).ShouldBeTrue();
        SseEventReader.HasId("\uFEFFid: 7\n\n"u8).ShouldBeTrue();
        SseEventReader.HasId("data: x\r\nid: 7\r\n\r\n"u8).ShouldBeTrue();
        SseEventReader.HasId("data: id:7\n\n"u8).ShouldBeFalse();
    }

    [Fact]
    public void Events_are_cut_at_blank_lines_and_nothing_is_lost()
    {
        var events = ReadAll("event: message\ndata: 1\n\n: comment\r\n\r\ndata:2\rdata: 3\r\rdata: half", 3, out var rest);

        events.ShouldBe(["event: message\ndata: 1\n\n", ": comment\r\n\r\n", "data:2\rdata: 3\r\r"]);
        rest.ShouldBe("data: half");
    }

    [Theory]
    [InlineData("data: {}\n\n", "{}")]
    [InlineData("data:{}\r\n\r\n", "{}")]
    [InlineData("data:  two\n\n", " two")]
    [InlineData("data: a\ndata: b\n\n", "a\nb")]
    [InlineData("data: a\rdata: b\r\r", "a\nb")]
    [InlineData("data: a\r\ndata:\r\ndata: b\r\n\r\n", "a\n\nb")]
    [InlineData("id: 7\nevent: message\ndata: x\nretry: 5\n\n", "x")]
    [InlineData(": comment\n\n", "")]
    [InlineData("id: 1\ndata: \n\n", "")]
    [InlineData("database: x\n\n", "")]
    [InlineData("\uFEFFdata: x\n\n", "x")]
    public void The_data_is_what_a_client_gets(string @event, string data) =>
        Encoding.UTF8.GetString(SseEventReader.DataOf(Encoding.UTF8.GetBytes(@event)).Span).ShouldBe(data);

    [Theory]
    [InlineData("id: 7\nevent: message\ndata: hide\ndata: hide\n\n", "id: 7\nevent: message\ndata: x y\n\n")]
    [InlineData("data:hide\r\nid: 7\r\n\r\n", "id: 7\ndata: x y\n\n")]
    [InlineData("\uFEFFdata: hide\n\n", "data: x y\n\n")]
    [InlineData("\uFEFFid: 7\rdata: hide\r\r", "id: 7\ndata: x y\n\n")]
    public void Nothing_of_the_old_data_stays_when_it_is_replaced(string @event, string replaced) =>
        Encoding.UTF8.GetString(SseEventReader.WithData(Encoding.UTF8.GetBytes(@event), "x\ny"u8.ToArray()).Span).ShouldBe(replaced);

    [Theory]
    [InlineData("data: x\n\n", true)]
    [InlineData("event: message\r\ndata: x\r\n\r\n", true)]
    [InlineData("event:\ndata: x\n\n", true)]
    [InlineData("data: event: ping\n\n", true)]
    [InlineData("event: ping\ndata: x\n\n", false)]
    [InlineData("data: x\revent:ping\r\r", false)]
    public void An_event_of_the_default_type_is_a_message(string @event, bool isMessage) =>
        SseEventReader.IsMessage(Encoding.UTF8.GetBytes(@event)).ShouldBe(isMessage);

    [Fact]
    public void Any_cut_of_the_stream_gives_the_same_events_and_all_of_its_bytes()
    {
        var pieces = Gen.Elements("data: x", "data:{\"a\":\"ü\"}", "event: message", ":", "id: 1", "\n", "\r", "\r\n", "\n\n", "\r\n\r\n", "\r\r", "\n\r\n", "é");
        var streams =
            from parts in Gen.ListOf(pieces)
            from first in Gen.Choose(1, 7)
            from second in Gen.Choose(8, 50_000)
            select (Text: string.Concat(parts), first, second);

        Property.Holds(streams, stream =>
        {
            var small = ReadAll(stream.Text, stream.first, out var smallRest);
            var large = ReadAll(stream.Text, stream.second, out var largeRest);

            (string.Concat(small) + smallRest).ShouldBe(stream.Text);
            string.Concat(large).ShouldBe(string.Concat(small)[..string.Concat(large).Length]);
            string.Join('|', small.Select(Data).Where(d => d.Length > 0)).ShouldBe(string.Join('|', large.Select(Data).Where(d => d.Length > 0)));
            largeRest.ShouldBe(smallRest);
        }, 3000);
    }

    [Fact]
    public void Line_ends_of_every_style_make_the_same_events()
    {
        var lines = Gen.ListOf(Gen.Elements("data: x", "data: y", "event: message", "", "", ": c"));
        Property.Holds(lines, list =>
        {
            var styles = new[] { "\n", "\r", "\r\n" }.Select(end => ReadAll(string.Concat(list.Select(l => l + end)) + "data: end" + end, 5, out _).Select(Data).Where(d => d.Length > 0).ToList()).ToList();

            styles[1].ShouldBe(styles[0]);
            styles[2].ShouldBe(styles[0]);
        });
    }

    [Fact]
    public void Memory_that_is_given_back_in_between_changes_no_event()
    {
        var pieces = Gen.Elements("data: x", "data:{\"a\":\"ü\"}", "event: message", ":", "id: 1", "\n", "\r", "\r\n", "\n\n", "\r\n\r\n", "\r\r", "\uFEFF", new string('x', 500));
        var streams =
            from parts in Gen.ListOf(pieces)
            from chunk in Gen.Choose(1, 50_000)
            from whens in Gen.ListOf(Gen.Elements(true, false))
            select (Text: string.Concat(parts), chunk, Whens: whens.ToList());

        Property.Holds(streams, stream =>
        {
            var kept = ReadAll(stream.Text, stream.chunk, out var rest);
            var at = 0;
            var givenBack = ReadAll(stream.Text, stream.chunk, out var otherRest, reader =>
            {
                if (stream.Whens.Count > 0 && !stream.Whens[at++ % stream.Whens.Count]) return;
                reader.GiveBack();
                (reader.HeldBytes > 0).ShouldBe(reader.PendingBytes > 0);
            });

            givenBack.ShouldBe(kept);
            otherRest.ShouldBe(rest);
        }, 500);
    }

    private static string Data(string @event) => Encoding.UTF8.GetString(SseEventReader.DataOf(Encoding.UTF8.GetBytes(@event)).Span);

    private static List<string> ReadAll(string text, int chunk, out string rest, Action<SseEventReader>? between = null)
    {
        using var reader = new SseEventReader();
        var bytes = Encoding.UTF8.GetBytes(text);
        var events = new List<string>();
        foreach (var part in bytes.Chunk(chunk))
        {
            part.CopyTo(reader.GetMemory(part.Length));
            reader.Advance(part.Length);
            while (reader.TryRead(out var @event)) events.Add(Encoding.UTF8.GetString(@event.Span));
            between?.Invoke(reader);
        }

        rest = Encoding.UTF8.GetString(reader.TakeRest().Span);
        return events;
    }
}
