using System.Collections.Concurrent;
using System.Net;
using Mcpx.Tests.Fixtures;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Calls.Journal;

/// <summary>A gateway that is killed in the middle of its calls, again and again: no answered call is missing, none stands twice.</summary>
public sealed class KillLoopTests(PostgresFixture postgres)
{
    private const int Callers = 16;

    private static readonly int Kills = Property.Times(normally: 2, nightly: 50);
    private static readonly int CallsPerLife = Property.Times(normally: 300, nightly: 2000);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_answered_call_is_on_record_once_however_often_the_gateway_is_killed()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var here = new GatewayFixture(postgres);
        await here.StartAsync();
        var (slug, _) = await here.AddUpstreamAsync(upstream.Url);
        using var journal = new ScratchFolder("journal");
        ConcurrentBag<string> answered = [];
        for (var life = 0; life < Kills; life++)
        {
            // Killed without a word when it is disposed of.
            await using var gateway = await GatewayProcess.StartAsync(here, journal, "--EGRESS_ALLOW=127.0.0.0/8");
            await CallUntilKilledAsync(gateway, here, slug, answered, target: answered.Count + CallsPerLife);
        }

        await using (await GatewayProcess.StartAsync(here, journal))
        {
            await Eventually.TrueAsync(async () => (await RecordedAsync(here, slug)).Count >= answered.Count, "what the last one left is in the database", null, Cancelled);
        }

        var recorded = await RecordedAsync(here, slug);
        answered.Count.ShouldBeGreaterThanOrEqualTo(Kills * CallsPerLife);
        answered.Except(recorded.Keys).ShouldBeEmpty();
        recorded.Where(r => r.Value > 1).ShouldBeEmpty();
    }

    /// <summary>Calls from many sides at once; the process is killed while they are under way.</summary>
    private static async Task CallUntilKilledAsync(GatewayProcess gateway, GatewayFixture here, string slug, ConcurrentBag<string> answered, int target)
    {
        var callers = Enumerable.Range(0, Callers).Select(async _ =>
        {
            try
            {
                while (true)
                {
                    var tool = Guid.CreateVersion7().ToString("n");
                    var status = await gateway.SendAsync(HttpMethod.Post, $"/mcp/{here.Organization}/server/{slug}", here.Token,
                        $$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"{{{tool}}}"} }""");
                    status.ShouldBe(HttpStatusCode.OK);
                    answered.Add(tool);
                    if (answered.Count >= target) gateway.Kill();
                }
            }
            catch (HttpRequestException)
            {
                // Killed.
            }
        });
        await Task.WhenAll(callers);
    }

    private static async Task<Dictionary<string, long>> RecordedAsync(GatewayFixture here, string slug)
    {
        await using var database = NpgsqlDataSource.Create(here.ConnectionString);
        await using var command = database.CreateCommand("SELECT tool, count(*) FROM calls WHERE server_slug = $1 AND tool IS NOT NULL GROUP BY tool");
        command.Parameters.AddWithValue(slug);
        await using var reader = await command.ExecuteReaderAsync(Cancelled);
        Dictionary<string, long> counts = [];
        while (await reader.ReadAsync(Cancelled)) counts[reader.GetString(0)] = reader.GetInt64(1);
        return counts;
    }
}
