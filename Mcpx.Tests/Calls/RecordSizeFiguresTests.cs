using System.Globalization;
using System.Text;
using System.Text.Json;
using Mcpx.Core.Calls;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Calls;

/// <summary>What a million calls take in the database: <c>MCPX_SIZE_CALLS=200000 ./test RecordSizeFiguresTests</c> writes so many and extrapolates.</summary>
public sealed class RecordSizeFiguresTests(PostgresFixture postgres) : DataTests(postgres)
{
    private const int RequestSize = 2000;
    private const int ResponseSize = 4000;

    private static readonly int Calls = int.Parse(Environment.GetEnvironmentVariable("MCPX_SIZE_CALLS") ?? "2000", CultureInfo.InvariantCulture);

    [Fact]
    public async Task A_million_calls_of_two_and_four_kilobytes()
    {
        OrganizationId organization = (await Host.AddOrganizationAsync("figures")).Organization.Id;
        ServerId[] servers = [.. Enumerable.Range(0, 20).Select(_ => DataHost.NewId<ServerId>())];
        Random random = new(7);
        ICallStore store = Host.CallsOf(organization);
        Dictionary<string, long> before = await SizesAsync();
        foreach (int[] part in Enumerable.Range(0, Calls).Chunk(1000))
        {
            await store.WriteAsync([.. part.Select(i => DataHost.NewCall(organization, DataHost.Now.AddMilliseconds(-10L * (Calls - i)), server: servers[random.Next(servers.Length)]) with
            {
                Method = "tools/call", Tool = $"tool_{random.Next(20)}", UserName = "Ada", TraceId = random.NextInt64().ToString("x32", CultureInfo.InvariantCulture), TotalMicroseconds = random.Next(1000, 100_000),
                Request = Payload(random, RequestSize), Response = Payload(random, ResponseSize), RequestBytes = RequestSize, ResponseBytes = ResponseSize,
            })], Cancelled);
        }

        await Host.ExecuteAsync("VACUUM ANALYZE");
        Dictionary<string, double> gigabytes = (await SizesAsync()).ToDictionary(s => s.Key, s => (s.Value - before.GetValueOrDefault(s.Key)) / (double)Calls / 1000);
        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"a million calls with payloads of {RequestSize:N0} and {ResponseSize:N0} bytes, from {Calls:N0}: {gigabytes.Values.Sum():0.00} GB; {string.Join(", ", gigabytes.Where(s => s.Value >= 0.001).OrderByDescending(s => s.Value).Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key} {s.Value:0.000}")))}"));
        // Payloads are there once, and whatever is added to them is less than they are.
        gigabytes.Values.Sum().ShouldBeInRange(0.5, 2.0 * (RequestSize + ResponseSize) / 1000);
    }

    /// <summary>As tools answer: names that come again and again, and values of which many are new.</summary>
    private static byte[] Payload(Random random, int bytes)
    {
        StringBuilder text = new("""{"jsonrpc":"2.0","id":7,"result":{"items":[""");
        while (text.Length < bytes - 120)
            text.Append(CultureInfo.InvariantCulture, $$"""{"id":{{random.Next(1_000_000)}},"title":{{JsonSerializer.Serialize(string.Join(' ', Enumerable.Range(0, 6).Select(_ => $"word{(int)(5000 * Math.Pow(random.NextDouble(), 2))}")))}},"state":"open"},""");
        text.Length--;
        text.Append("]}}");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Rows, what is kept beside them, and indexes, in bytes; partitions are put to what they are of.</summary>
    private async Task<Dictionary<string, long>> SizesAsync()
    {
        const string Sql = """
            SELECT part || CASE WHEN c.relkind = 'i' THEN ' indexes' ELSE '' END, sum(pg_relation_size(c.oid) + CASE WHEN c.relkind = 'r' AND c.reltoastrelid <> 0 THEN pg_total_relation_size(c.reltoastrelid) ELSE 0 END)::bigint
            FROM pg_class c LEFT JOIN pg_index x ON x.indexrelid = c.oid
            JOIN LATERAL (SELECT regexp_replace((coalesce(x.indrelid, c.oid)::regclass)::text, '_p\d{8}$', '') AS part) named ON true
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i') GROUP BY 1
            """;
        Dictionary<string, long> sizes = [];
        await using NpgsqlConnection connection = await Host.Get<Mcpx.Data.ScopedContexts>().OpenConnectionAsync(Mcpx.Data.DataScope.Everything, Cancelled);
        await using NpgsqlCommand command = new(Sql, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Cancelled);
        while (await reader.ReadAsync(Cancelled)) sizes[reader.GetString(0)] = reader.GetInt64(1);
        return sizes;
    }
}
