using System.Collections.Concurrent;
using System.Data;
using System.Net;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Audit;

/// <summary>
/// A gateway that is killed in the middle of changes, again and again. The log is gone through like a ledger: each entry's “before”
/// must be what the entries before it made, and the end what is there. So no change lacks its entry, and no entry its change.
/// </summary>
public sealed class KilledChangesTests(PostgresFixture postgres)
{
    private const int Writers = 8;

    private static readonly int Kills = Property.Times(normally: 3, nightly: 40);
    private static readonly int ChangesPerLife = Property.Times(normally: 100, nightly: 800);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_change_has_its_entry_and_every_entry_its_change_however_often_the_gateway_is_killed()
    {
        await using GatewayFixture here = new(postgres);
        await here.StartAsync();
        using ScratchFolder journal = new("journal");
        ConcurrentBag<(string Id, string Action, int? PerMinute)> answered = [];
        for (int life = 0; life < Kills; life++)
        {
            // An organisation has 200 limits at most, and each life leaves some.
            foreach (string left in (await LimitsAsync(here)).Keys) (await here.ApiAsync(HttpMethod.Delete, $"/api/limits/{left}")).Status.ShouldBe(HttpStatusCode.NoContent);
            await using GatewayProcess gateway = await GatewayProcess.StartAsync(here, journal);
            await ChangeUntilKilledAsync(gateway, here.Token, answered, answered.Count + ChangesPerLife);
        }

        (var entries, Dictionary<string, int?> there) = await ReadAsync(here);
        Dictionary<string, int?> limits = [];
        foreach ((string id, string action, int? before, int? after) in entries)
        {
            bool isThere = limits.TryGetValue(id, out int? now);
            isThere.ShouldBe(action != "limit.create", $"{action} of {id}");
            if (isThere) before.ShouldBe(now, $"{action} of {id}");
            if (action == "limit.delete") limits.Remove(id);
            else limits[id] = after;
        }

        limits.OrderBy(l => l.Key).ShouldBe(there.OrderBy(l => l.Key));
        answered.Count.ShouldBeGreaterThanOrEqualTo(Kills * ChangesPerLife);
        answered.Except(entries.Select(e => (e.Id, e.Action, e.After))).ShouldBeEmpty("what was answered is in the log");
        JsonNode report = (await here.ApiAsync(HttpMethod.Post, "/api/audit/verify")).Json;
        report["intact"]!.GetValue<bool>().ShouldBeTrue(report.ToJsonString());
    }

    /// <summary>Each writer makes a limit, changes it and deletes it; the process is killed while they do.</summary>
    private static Task ChangeUntilKilledAsync(GatewayProcess gateway, string token, ConcurrentBag<(string Id, string Action, int? PerMinute)> answered, int target) =>
        Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            try
            {
                for (int turn = 1; ; turn++)
                {
                    (HttpStatusCode status, string body) = await gateway.AskAsync(HttpMethod.Post, "/api/limits", token, Limit(writer, turn));
                    status.ShouldBe(HttpStatusCode.Created, body);
                    string id = (string)JsonNode.Parse(body)!["id"]!;
                    Answered(id, "limit.create", turn);
                    for (int change = 1; change <= turn % 3; change++)
                    {
                        (await gateway.SendAsync(HttpMethod.Put, $"/api/limits/{id}", token, Limit(writer, turn + change))).ShouldBe(HttpStatusCode.OK);
                        Answered(id, "limit.update", turn + change);
                    }

                    if (turn % 4 == 0) continue;
                    (await gateway.SendAsync(HttpMethod.Delete, $"/api/limits/{id}", token)).ShouldBe(HttpStatusCode.NoContent);
                    Answered(id, "limit.delete", null);
                }
            }
            catch (HttpRequestException)
            {
                // Killed.
            }

            void Answered(string id, string action, int? perMinute)
            {
                answered.Add((id, action, perMinute));
                if (answered.Count >= target) gateway.Kill();
            }
        }));

    private static string Limit(int writer, int perMinute) => $$"""{"tool":"pay_{{writer}}","perMinute":{{perMinute}}}""";

    private static async Task<Dictionary<string, int?>> LimitsAsync(GatewayFixture here) =>
        (await here.ApiAsync(HttpMethod.Get, "/api/limits")).Json["items"]!.AsArray().ToDictionary(l => (string)l!["id"]!, l => (int?)l!["perMinute"]);

    /// <summary>The entries in the order in which they were written, and the limits of the same moment: the last life's commits may still come in.</summary>
    private static async Task<(List<(string Id, string Action, int? Before, int? After)> Entries, Dictionary<string, int?> Limits)> ReadAsync(GatewayFixture here)
    {
        await using NpgsqlDataSource database = NpgsqlDataSource.Create(here.ConnectionString);
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(Cancelled);
        await using NpgsqlTransaction moment = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, Cancelled);
        List<(string, string, int?, int?)> entries = [];
        await using (NpgsqlCommand command = new("""
            SELECT e.subject_id::text, e.action, (e.before ->> 'perMinute')::integer, (e.after ->> 'perMinute')::integer
            FROM audit_links l JOIN admin_entries e ON e.id = l.record_id WHERE l.kind = 2 AND e.action LIKE 'limit.%' ORDER BY l.seq
            """, connection))
        {
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync(Cancelled);
            while (await row.ReadAsync(Cancelled)) entries.Add((row.GetString(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetInt32(2), row.IsDBNull(3) ? null : row.GetInt32(3)));
        }

        Dictionary<string, int?> limits = [];
        await using (NpgsqlCommand command = new("SELECT id::text, per_minute FROM call_limits", connection))
        {
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync(Cancelled);
            while (await row.ReadAsync(Cancelled)) limits[row.GetString(0)] = row.GetInt32(1);
        }

        return (entries, limits);
    }
}
