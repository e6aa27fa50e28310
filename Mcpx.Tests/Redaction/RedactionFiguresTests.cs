using System.Text;
using Mcpx.Core.Calls;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Redaction;

/// <summary>What redaction costs the drain. The figures are printed; the assertions hold on any machine.</summary>
public sealed class RedactionFiguresTests(PostgresFixture postgres) : DataTests(postgres)
{
    private const int Records = 5000;

    // The first round or two run before the code is compiled.
    private static readonly int Rounds = Property.Times(normally: 1, nightly: 4);

    [Fact]
    public async Task Writing_records_of_six_kilobytes_with_and_without()
    {
        OrganizationId redacted = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        OrganizationId whole = (await Host.AddOrganizationAsync("whole")).Organization.Id;
        byte[] request = Encoding.UTF8.GetBytes(SamplePayloads.Request), response = Encoding.UTF8.GetBytes(SamplePayloads.Response);
        ICallStore calls = Host.CallsOf(whole);
        foreach (OrganizationId organization in Enumerable.Repeat<OrganizationId[]>([whole, redacted], Rounds).SelectMany(pair => pair))
        {
            CallRecord[] batch = [.. Enumerable.Range(0, Records).Select(i => DataHost.NewCall(organization, DataHost.Now) with { Request = request, Response = response, RequestBytes = request.Length, ResponseBytes = response.Length })];
            long began = TimeProvider.System.GetTimestamp();
            foreach (CallRecord[] part in batch.Chunk(1000)) await calls.WriteAsync(part, Cancelled);
            double each = TimeProvider.System.GetElapsedTime(began).TotalMicroseconds / Records;
            TestContext.Current.TestOutputHelper!.WriteLine($"{(organization == whole ? "as they are" : "redacted")}: {each:0.0} µs a record, {1e6 / each:N0} records/s ({request.Length + response.Length:N0} bytes)");
        }

        ((long)(await Host.QueryAsync("SELECT count(*) FROM call_payloads WHERE redactions IS NOT NULL"))!).ShouldBe(Rounds * Records);
    }

    [Fact]
    public void One_payload()
    {
        foreach (string payload in new[] { SamplePayloads.Request, SamplePayloads.Response, SamplePayloads.Prose, SamplePayloads.Numbers })
        {
            byte[] bytes = Encoding.UTF8.GetBytes(payload);
            double best = double.MaxValue;
            for (int round = 0; round < 30; round++)
            {
                long began = TimeProvider.System.GetTimestamp();
                for (int i = 0; i < 200; i++) Redact.Bytes(Redact.BuiltIn, bytes);
                best = Math.Min(best, TimeProvider.System.GetElapsedTime(began).TotalMicroseconds / 200);
            }

            TestContext.Current.TestOutputHelper!.WriteLine($"{bytes.Length:N0} bytes of {payload[..40].ReplaceLineEndings(" ")}…: {best:0.0} µs");
            best.ShouldBeLessThan(5000);
        }
    }
}

/// <summary>Payloads as agents and servers write them, six kilobytes together.</summary>
internal static class SamplePayloads
{
    public static string Request { get; } = """{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"create_ticket","arguments":{"title":"Printer on floor 3","password":"hunter2","tags":["office","printer"],"body":""" +
        System.Text.Json.JsonSerializer.Serialize(string.Concat(Enumerable.Repeat("The printer on floor 3 says: \"PC LOAD LETTER\" and then nothing.\n", 26))) + "}}}";

    public static string Response { get; } = """{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":""" +
        System.Text.Json.JsonSerializer.Serialize("[" + string.Join(',', Enumerable.Range(0, 20).Select(i => $$$"""{"id":{{{i}}},"title":"Ticket number {{{i}}}","state":"open","owner":{"name":"Ann","team":"IT"}}""")) + "]") + "}],\"isError\":false}}";

    public static string Prose { get; } = "{\"text\":\"" + string.Concat(Enumerable.Repeat("A line of plain prose that holds nothing of interest to anybody at all. ", 80)) + "\"}";

    public static string Numbers { get; } = "[" + string.Join(',', Enumerable.Range(0, 600).Select(i => 1700000000000L + i * 7919L)) + "]";
}
