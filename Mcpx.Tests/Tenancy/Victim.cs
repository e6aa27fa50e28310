using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Npgsql;
using Shouldly;

namespace Mcpx.Tests.Tenancy;

/// <summary>
/// An organisation with one of everything, whose texts all carry a mark that stands nowhere else: wherever a stranger
/// finds it, something leaked.
/// </summary>
internal sealed class Victim
{
    /// <summary>In every name, description, secret and payload.</summary>
    public const string Marker = "Zq7victim";

    private readonly Dictionary<string, string> _words = new(StringComparer.Ordinal);

    /// <summary>Ids and addresses of what it has, by the word that stands for them in a probe.</summary>
    public IReadOnlyDictionary<string, string> Words => _words;

    public static async Task<Victim> CreateAsync(GatewayFixture gateway, Uri upstream)
    {
        Victim victim = new();
        victim._words["org"] = gateway.Organization;
        victim._words["server-slug"] = "vault";
        victim._words["gateway-slug"] = "vaults";
        victim._words["server"] = await MakeAsync(gateway, "/api/servers", new
        {
            name = $"{Marker} server",
            slug = "vault",
            url = upstream.ToString(),
            description = $"{Marker} description",
            credential = new { kind = "bearer", secret = $"{Marker}-credential-secret" },
        });
        victim._words["gateway"] = await MakeAsync(gateway, "/api/gateways", new
        {
            name = $"{Marker} gateway",
            slug = "vaults",
            members = new[] { new { server = "vault", prefix = $"{Marker}_" } },
        });
        victim._words["member"] = gateway.Owner.User!.Value.ToString();
        victim._words["invitation"] = await MakeAsync(gateway, "/api/invitations", new { email = $"{Marker}@example.com" });
        victim._words["token"] = await MakeAsync(gateway, "/api/tokens", new { name = $"{Marker} token" });
        victim._words["service-account"] = await MakeAsync(gateway, "/api/service-accounts", new { name = $"{Marker} account", description = $"{Marker} purpose" });
        victim._words["secret"] = await MakeAsync(gateway, $"/api/service-accounts/{victim._words["service-account"]}/secrets", new { });
        (await gateway.ApiAsync(HttpMethod.Put, $"/api/servers/{victim._words["server"]}/governance", new { mode = "blocklist", tools = new[] { $"{Marker}_rule" } }))
            .Status.ShouldBe(HttpStatusCode.OK);
        victim._words["limit"] = await MakeAsync(gateway, "/api/limits", new { server = victim._words["server"], tool = $"{Marker}_limited", perMinute = 1000 });
        victim._words["hold"] = await MakeAsync(gateway, "/api/legal-holds", new { name = $"{Marker} case", tool = $"{Marker}_held" });
        victim._words["saved-filter"] = await MakeAsync(gateway, "/api/calls/filters", new { name = $"{Marker} filter", query = $"tool={Marker}_tool" });
        victim._words["scheduled-export"] = await MakeAsync(gateway, "/api/exports", new { name = "vaulted", endpoint = "http://127.0.0.1:9", bucket = "calls", accessKeyId = "key", secret = $"{Marker}-secret" });
        victim._words["log-stream"] = await MakeAsync(gateway, "/api/log-streams", new { name = "vaulted", url = "http://127.0.0.1:9", authorization = $"Bearer {Marker}", query = $"tool={Marker}_tool" });
        await gateway.CallToolAsync("vault", $"{Marker}_tool");
        victim._words["call"] = (await gateway.CallsOfAsync("vault"))[0]["id"]!.GetValue<string>();
        return victim;
    }

    /// <summary>The text with the words in braces filled in.</summary>
    /// <param name="ownOrganization">What the caller's own organisation is called in addresses.</param>
    public string Fill(string text, string ownOrganization)
    {
        StringBuilder filled = new(text);
        foreach (var (word, value) in _words) filled.Replace($"{{{word}}}", value);
        return filled.Replace("{own-org}", ownOrganization).Replace("{marker}", Marker).ToString();
    }

    /// <summary>What of the organisation's stands in an answer without having been asked for by name.</summary>
    public IReadOnlyList<string> LeaksIn(string answer, string asked) =>
        [.. _words.Values.Where(v => Guid.TryParse(v, out _)).Append(Marker).Where(v => answer.Contains(v, StringComparison.OrdinalIgnoreCase) && !asked.Contains(v, StringComparison.OrdinalIgnoreCase))];

    /// <summary>A digest of every row of the organisation, as the database's superuser sees them; without what its own use of them moves.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> StateAsync(string adminConnection, Guid organization)
    {
        await using var source = NpgsqlDataSource.Create(adminConnection);
        List<string> tables = [];
        await using (var list = source.CreateCommand("""
            SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id' AND NOT a.attisdropped
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
                AND c.relname NOT IN ('audit_links', 'audit_checkpoints') -- grow with each call, also with those that are refused
            ORDER BY 1
            """))
        await using (var reader = await list.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync()) tables.Add(reader.GetString(0));
        }

        tables.Count.ShouldBeGreaterThan(5);
        Dictionary<string, string> state = [];
        foreach (var table in tables)
        {
            // How far a log stream has come, and why no further, is the job's own doing.
            string moved = table == "log_streams" ? " - 'position' - 'delivered' - 'delivered_at' - 'problem' - 'problem_at'" : "";
            await using var rows = source.CreateCommand($"SELECT coalesce(string_agg(r, '|' ORDER BY r), '') FROM (SELECT (to_jsonb(t) - 'last_used_at' - 'probed_at' - 'read_at'{moved})::text AS r FROM \"{table}\" t WHERE org_id = $1) x");
            rows.Parameters.Add(new() { Value = organization });
            state[table] = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes((string)(await rows.ExecuteScalarAsync())!)));
        }

        return state;
    }

    private static async Task<string> MakeAsync(GatewayFixture gateway, string path, object body)
    {
        var made = await gateway.ApiAsync(HttpMethod.Post, path, body);
        made.Status.ShouldBe(HttpStatusCode.Created, made.Body);
        return ((JsonObject)made.Json)["id"]!.GetValue<string>();
    }
}
