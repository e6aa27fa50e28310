using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Audit;

/// <summary>An organisation of a test's own, whose Owner acts through REST with a token, and what its audit log tells of it.</summary>
internal sealed class AuditTrail(GatewayFixture gateway, Membership owner, IssuedToken token)
{
    public const string Agent = "audit-tests/1.0";

    private readonly List<string> _seen = [];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public Membership Owner { get; } = owner;

    public string TokenId { get; } = token.Token.Id.ToString();

    public string Token { get; } = token.Text.Reveal();

    /// <summary>The actions that were expected and found.</summary>
    public IReadOnlyCollection<string> Seen => _seen;

    public static async Task<AuditTrail> CreateAsync(GatewayFixture gateway, string slug)
    {
        var person = await Colleague.CreateAloneAsync(gateway, $"Owner of {slug}", $"{slug}@example.com");
        var membership = await gateway.Services.GetRequiredService<OrganizationAdmin>().CreateAsync(person.User.Id, new NewOrganization($"Org {slug}", slug), Cancelled);
        var token = await gateway.Services.GetRequiredService<TokenAdmin>().CreateAsync(Actor.Of(membership, TestChanges.Origin), new NewToken("automation", TokenScopes.All.ToNames()), Cancelled);
        AuditTrail trail = new(gateway, membership, token);
        // The token's first use is noted beside the request; what tests count comes after it.
        await Eventually.TrueAsync(async () => (await trail.EntriesAsync($"&action={AdminAction.TokenNewAddress.Name}")).Count == 1, "the first use is noted", null, Cancelled);
        trail._seen.Add(AdminAction.TokenNewAddress.Name);
        return trail;
    }

    public async Task<HttpAnswer> SendAsync(string method, string path, object? body = null, params HttpStatusCode[] expected)
    {
        var answer = await gateway.SendAsync(new HttpMethod(method), path, body is null ? null : JsonSerializer.SerializeToUtf8Bytes(body), Token,
            ("User-Agent", Agent), ("X-Forwarded-For", "203.0.113.9"));
        if (expected.Length > 0) expected.ShouldContain(answer.Status, answer.Body);
        return answer;
    }

    /// <summary>The organisation's log, newest first.</summary>
    public async Task<IReadOnlyList<JsonNode>> EntriesAsync(string query = "")
    {
        var answer = await SendAsync("GET", $"/api/audit/changes?size=200{query}", null, HttpStatusCode.OK);
        return [.. answer.Json["items"]!.AsArray().Select(e => e!)];
    }

    /// <summary>
    /// The act fails as long as its entry can't be written, and leaves everything as it was; then it is done, and leaves
    /// exactly one entry.
    /// </summary>
    public async Task<JsonNode> ExpectAsync(AdminAction action, Func<Task<HttpAnswer>> act)
    {
        await FailWithoutEntryAsync(async () => ((int)(await act()).Status).ShouldBeGreaterThanOrEqualTo(500));
        var before = (await EntriesAsync()).Select(IdOf).ToHashSet();
        var answer = await act();
        ((int)answer.Status).ShouldBeLessThan(300, $"{action.Name}: {answer.Body}");
        var entry = (await EntriesAsync()).Where(e => !before.Contains(IdOf(e))).ShouldHaveSingleItem();

        ((string?)entry["action"]).ShouldBe(action.Name);
        entry["actor"]!.Plain().ShouldBe($$"""{"kind":"person","id":"{{Owner.User.Id}}","name":"{{Owner.User.Name}}"}""");
        entry["credential"]!.Plain().ShouldBe($$"""{"kind":"token","id":"{{TokenId}}","name":"automation"}""");
        ((string?)entry["address"], (string?)entry["userAgent"]).ShouldBe(("127.0.0.1", Agent));
        _seen.Add(action.Name);
        return entry;
    }

    /// <summary>The same for a change whose difference is known.</summary>
    public async Task ExpectAsync(AdminAction action, string subject, string? before, string? after, Func<Task<HttpAnswer>> act)
    {
        var entry = await ExpectAsync(action, act);
        ((string?)entry["subject"]!["name"]).ShouldBe(subject);
        (entry["before"]?.Plain()).ShouldBe(before);
        (entry["after"]?.Plain()).ShouldBe(after);
    }

    /// <summary>Nothing is written at all.</summary>
    public async Task NothingAsync(Func<Task<HttpAnswer>> act, HttpStatusCode expected)
    {
        var before = (await EntriesAsync()).Select(IdOf).ToList();
        var answer = await act();
        answer.Status.ShouldBe(expected, answer.Body);
        (await EntriesAsync()).Select(IdOf).ShouldBe(before);
    }

    /// <summary>While the database refuses entries when transactions commit: nothing of the act may stay.</summary>
    public async Task FailWithoutEntryAsync(Func<Task> act)
    {
        await ExecuteAsync("""
            CREATE OR REPLACE FUNCTION refuse_entry() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no entry today''; END';
            DROP TRIGGER IF EXISTS refuse_entry ON admin_entries;
            CREATE CONSTRAINT TRIGGER refuse_entry AFTER INSERT ON admin_entries DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_entry();
            """);
        try
        {
            var before = await FingerprintAsync();
            await act();
            (await FingerprintAsync()).ShouldBe(before);
        }
        finally
        {
            await ExecuteAsync("DROP TRIGGER refuse_entry ON admin_entries");
        }
    }

    private static string IdOf(JsonNode entry) => entry["id"]!.GetValue<string>();

    /// <summary>Of every row that people can change; what is noted by the way, such as last uses, is left out.</summary>
    private async Task<IReadOnlyList<string>> FingerprintAsync()
    {
        // A stream goes on by itself.
        string[] ofStreams = ["position", "delivered", "delivered_at", "problem", "problem_at"];
        string[] byTheWay = ["config_version", "last_used_at", "last_seen_at", "eras", "over_sse", "session_version", "probed_at"];
        List<string> prints = [];
        await using var source = NpgsqlDataSource.Create(gateway.ConnectionString);
        List<string> tables = [];
        await using (var command = source.CreateCommand("""
            SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND NOT relispartition
                AND relname NOT IN ('jobs', 'server_catalogs', 'server_pins', 'tool_pins', 'data_protection_keys', 'sign_in_links', 'audit_checkpoints') AND relname NOT LIKE 'call%' AND relname NOT LIKE 'metric%'
            """))
        await using (var reader = await command.ExecuteReaderAsync(Cancelled))
        {
            while (await reader.ReadAsync(Cancelled)) tables.Add(reader.GetString(0));
        }

        tables.ShouldContain("admin_entries");
        foreach (var table in tables.Order(StringComparer.Ordinal))
        {
            await using var command = source.CreateCommand($"SELECT coalesce(md5(string_agg(r, '' ORDER BY r)), '') FROM (SELECT (to_jsonb(t) - $1)::text AS r FROM \"{table}\" t) AS rows");
            command.Parameters.Add(new() { Value = table == "log_streams" ? [.. byTheWay, .. ofStreams] : byTheWay });
            prints.Add($"{table} {await command.ExecuteScalarAsync(Cancelled)}");
        }

        return prints;
    }

    private Task ExecuteAsync(string sql) => Colleague.ExecuteAsync(gateway, sql);
}

internal static class AuditJson
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>As people read it: no \u2022 for a dot.</summary>
    public static string Plain(this JsonNode node) => node.ToJsonString(Relaxed);
}
