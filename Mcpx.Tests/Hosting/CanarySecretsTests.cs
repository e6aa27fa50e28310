using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Dashboard;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Hosting;

/// <summary>
/// Secrets of every kind are planted, used, and looked for where people and machines read: logs, database, REST, pages,
/// circuits, errors. In each spelling that a careless hand could give them.
/// </summary>
public sealed class CanarySecretsTests(PostgresFixture postgres, BrowserFixture browser) : IAsyncLifetime
{
    private readonly Log _log = new();
    private readonly ConcurrentQueue<(string Where, string What)> _seen = new();
    private readonly List<(string Name, string Text)> _secrets = [];
    private readonly List<(string Name, string Text)> _arguments = [];
    private GatewayFixture _gateway = null!;
    private FakeUpstream _upstream = null!;
    private FakeAuthorizationServer _issuer = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _upstream.Answer = DashboardVisits.Offering("balance");
        _issuer = await FakeAuthorizationServer.StartAsync();
        _gateway = new GatewayFixture(postgres);
        await _gateway.StartAsync(null, builder =>
        {
            builder.Logging.AddProvider(_log).SetMinimumLevel(LogLevel.Information).AddFilter("Mcpx", LogLevel.Trace);
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _issuer.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task Forty_canaries_are_seen_nowhere()
    {
        var slugs = await PlantAsync();
        (_secrets.Count + _arguments.Count).ShouldBeGreaterThanOrEqualTo(40);

        await UseAsync(slugs);
        await ReadByRestAsync(slugs);
        await ReadByBrowserAsync(slugs);
        await DumpAsync();
        foreach (var line in _log.Lines) _seen.Enqueue(("the log", line));
        _secrets.AddRange(_issuer.Requests.Select((r, at) => ($"access token {at}", r.Token)));

        _log.Lines.ShouldNotBeEmpty();
        _seen.Count.ShouldBeGreaterThan(100);
        LeaksOf(_secrets, _ => true).ShouldBeEmpty();
        // What an agent sent stands in the payload of its call, which Admins may read, and nowhere else.
        LeaksOf(_arguments, where => where is not ("table call_payloads" or "the words of calls" or "a call by REST")).ShouldBeEmpty();
    }

    private async Task<List<string>> PlantAsync()
    {
        List<string> slugs = [];
        for (var i = 0; i < 10; i++) slugs.Add((await _gateway.AddUpstreamAsync(_upstream.Url, new { kind = "apiKey", header = "X-Key", secret = Canary($"api key {i}") })).Slug);
        for (var i = 0; i < 10; i++) slugs.Add((await _gateway.AddUpstreamAsync(_upstream.Url, new { kind = "bearer", secret = Canary($"bearer {i}") })).Slug);
        for (var i = 0; i < 6; i++)
        {
            var secret = Canary($"client secret {i}");
            slugs.Add((await _gateway.AddUpstreamAsync(_upstream.Url, new { kind = "clientCredentials", clientId = "c", secret, tokenUrl = _issuer.TokenUrl, method = i % 2 == 0 ? "clientSecretBasic" : "clientSecretPost" })).Slug);
        }

        for (var i = 0; i < 2; i++)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var pem = key.ExportPkcs8PrivateKeyPem();
            _secrets.Add(($"private key {i}", pem.Split('\n')[2]));
            slugs.Add((await _gateway.AddUpstreamAsync(_upstream.Url, new { kind = "clientCredentials", clientId = "c", secret = pem, tokenUrl = _issuer.TokenUrl, method = "privateKeyJwt" })).Slug);
        }

        for (var i = 0; i < 5; i++) _secrets.Add(($"token {i}", (string)(await _gateway.ApiAsync(HttpMethod.Post, "/api/tokens", new { name = $"canary {i}" })).Json["token"]!));
        var account = (await _gateway.ApiAsync(HttpMethod.Post, "/api/service-accounts", new { name = "canary", role = "member", scopes = new[] { "mcp" } })).Json["id"];
        for (var i = 0; i < 2; i++) _secrets.Add(($"service account {i}", (string)(await _gateway.ApiAsync(HttpMethod.Post, $"/api/service-accounts/{account}/secrets", new { expiresInDays = 1 })).Json["secret"]!));
        // It stands in front of no call, so that the others pass.
        (await _gateway.ApiAsync(HttpMethod.Put, "/api/policy-engine", new { url = _upstream.Url, enabled = false, token = Canary("policy engine") })).Status.ShouldBe(HttpStatusCode.OK);
        for (var i = 0; i < 5; i++) _arguments.Add(($"argument {i}", "arg" + RandomNumberGenerator.GetHexString(24)));
        return slugs;
    }

    /// <summary>Calls that succeed, fail, are refused; tests; wrong proofs at our own token endpoint.</summary>
    private async Task UseAsync(List<string> slugs)
    {
        foreach (var (slug, at) in slugs.Select((s, i) => (s, i)))
        {
            var argument = _arguments[at % _arguments.Count].Text;
            See("an answer to a call", (await _gateway.PostAsync(slug, Mcp.Call("balance", $$"""{"note":"{{argument}}"}"""))).Body.Replace(argument, "", StringComparison.Ordinal));
        }

        var before = _upstream.Answer;
        foreach (var status in new[] { 401, 403, 500, 302 })
        {
            _upstream.Answer = (http, _) => FakeUpstream.BytesAsync(http, "no"u8.ToArray(), "text/plain", status);
            foreach (var slug in slugs.Where((_, i) => i % 9 == 0)) See("an error", (await _gateway.PostAsync(slug, Mcp.Call("balance"))).Body);
        }

        _upstream.Answer = before;
        var servers = (await _gateway.ApiAsync(HttpMethod.Get, "/api/servers")).Json["items"]!.AsArray();
        foreach (var server in servers.Where((_, i) => i % 9 == 0)) See("a test", (await _gateway.ApiAsync(HttpMethod.Post, $"/api/servers/{server!["id"]}/test")).Body);
        foreach (var (_, text) in _secrets.Where(s => s.Name.StartsWith("token", StringComparison.Ordinal)))
        {
            See("a refused token", (await _gateway.PostAsync(slugs[0], Mcp.Call("balance"), text[..^1] + "x")).Body);
            See("an answer to a token", (await _gateway.ApiAsync(HttpMethod.Get, "/api/servers", null, text)).Body);
        }

        foreach (var (_, text) in _secrets.Take(3))
        {
            var wrong = await _gateway.ApiAsync(HttpMethod.Post, "/api/servers", new { name = "x", slug = "Not A Slug", url = "nowhere", credential = new { kind = "bearer", secret = text } });
            wrong.Status.ShouldBe(HttpStatusCode.BadRequest);
            See("a problem", wrong.Body);
        }
    }

    private async Task ReadByRestAsync(List<string> slugs)
    {
        foreach (var path in new[] { "/api/servers", "/api/gateways", "/api/tokens", "/api/service-accounts", "/api/members", "/api/organization", "/api/organization/egress", "/api/policy-engine", "/api/limits", "/api/keys", "/api/tool-definitions", "/api/invitations", "/oauth/jwks", "/readyz", "/api/calls?size=200", "/api/recording", "/api/operations", "/api/audit/changes?size=200" })
            See(path, (await _gateway.ApiAsync(HttpMethod.Get, path)).Body);
        foreach (var server in (await _gateway.ApiAsync(HttpMethod.Get, "/api/servers")).Json["items"]!.AsArray())
        {
            foreach (var part in new[] { "", "/governance", "/dependents" }) See("a server by REST", (await _gateway.ApiAsync(HttpMethod.Get, $"/api/servers/{server!["id"]}{part}")).Body);
        }

        See("a policy engine that is tried", (await _gateway.ApiAsync(HttpMethod.Post, "/api/policy-engine/try", new { })).Body);
        foreach (var call in (await _gateway.CallsOfAsync(slugs[0])).Take(3)) See("a call by REST", (await _gateway.ApiAsync(HttpMethod.Get, $"/api/calls/{call["id"]}")).Body);
    }

    private async Task ReadByBrowserAsync(List<string> slugs)
    {
        await using var visit = await browser.OpenAsync(_gateway.Url, 1440, 1000, ColorScheme.Light);
        visit.Page.WebSocket += (_, socket) => socket.FrameReceived += (_, frame) => See("a circuit's frame", frame.Binary is { } bytes ? Encoding.Latin1.GetString(bytes) : frame.Text ?? "");
        await visit.GoToInteractiveAsync(await _gateway.SignInLinkAsync());
        foreach (var path in new[] { "", "/servers", $"/servers/{slugs[0]}", $"/servers/{slugs[^1]}", "/tool-definitions", "/gateways", "/access", "/limits", "/calls", "/groups", "/tokens", "/service-accounts", "/settings", "/members", "/audit", "/operations" })
        {
            await visit.GoToInteractiveAsync($"/{_gateway.Organization}{path}");
            See($"the page {path}", await visit.Page.ContentAsync());
        }

        // One is entered in a form: it goes to the server, and never comes back.
        await visit.GoToInteractiveAsync($"/{_gateway.Organization}/servers/{slugs[0]}");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Edit" }).ClickAsync();
        var dialog = visit.Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Credential").SelectOptionAsync(new SelectOptionValue { Label = "Bearer token" });
        await dialog.GetByLabel("Token", new() { Exact = true }).FillAsync(Canary("typed"));
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(dialog).ToBeHiddenAsync();
        See("the page after a form", await visit.Page.ContentAsync());
    }

    /// <summary>Every row of every table, as text and with its bytes in hex.</summary>
    private async Task DumpAsync()
    {
        await using var source = NpgsqlDataSource.Create(_gateway.ConnectionString);
        List<string> tables = [];
        await using (var command = source.CreateCommand("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"))
        await using (var reader = await command.ExecuteReaderAsync(Cancelled))
        {
            while (await reader.ReadAsync(Cancelled)) tables.Add(reader.GetString(0));
        }

        tables.Count.ShouldBeGreaterThan(10);
        foreach (var table in tables)
        {
            // By the words of payloads calls are found; they stand beside what everybody may see of a call.
            var hasWords = table.StartsWith("calls", StringComparison.Ordinal) || table is "call_intents";
            await using var command = source.CreateCommand(hasWords ? $"SELECT (to_jsonb(t) - 'words')::text, coalesce(words::text, '') FROM \"{table}\" t" : $"SELECT t::text, '' FROM \"{table}\" t");
            await using var reader = await command.ExecuteReaderAsync(Cancelled);
            var name = table.StartsWith("call_payloads", StringComparison.Ordinal) ? "call_payloads" : table;
            while (await reader.ReadAsync(Cancelled))
            {
                See($"table {name}", reader.GetString(0));
                See("the words of calls", reader.GetString(1));
            }
        }
    }

    private string Canary(string name)
    {
        var text = "canary" + RandomNumberGenerator.GetHexString(28, lowercase: true);
        lock (_secrets) _secrets.Add((name, text));
        return text;
    }

    private void See(string where, string what) => _seen.Enqueue((where, what));

    private List<string> LeaksOf(IEnumerable<(string Name, string Text)> secrets, Func<string, bool> counts)
    {
        List<string> leaks = [];
        foreach (var (name, text) in secrets)
        {
            string[] spellings = [.. SpellingsOf(text)];
            leaks.AddRange(_seen.Where(s => counts(s.Where) && spellings.Any(p => s.What.Contains(p, StringComparison.OrdinalIgnoreCase))).Select(s => $"{name} in {s.Where}").Distinct());
        }

        return leaks;
    }

    /// <summary>As it is, in hex, and in base64 at each of the three offsets at which it can begin.</summary>
    private static IEnumerable<string> SpellingsOf(string text)
    {
        yield return text;
        var bytes = Encoding.UTF8.GetBytes(text);
        yield return Convert.ToHexString(bytes);
        for (var offset = 0; offset < 3; offset++)
        {
            var whole = Convert.ToBase64String([.. new byte[offset], .. bytes]);
            // The characters at the ends depend on the neighbours.
            yield return whole[(offset == 0 ? 0 : 4)..^4];
        }
    }

    private sealed class Log : ILoggerProvider
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => new Writer(Lines);

        public void Dispose()
        {
        }

        private sealed class Writer(ConcurrentQueue<string> lines) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
                lines.Enqueue($"{formatter(state, exception)} {exception} {JsonSerializer.Serialize(state?.ToString())}");
        }
    }
}
