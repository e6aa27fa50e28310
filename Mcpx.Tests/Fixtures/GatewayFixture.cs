using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data.Isolation;
using Mcpx.Web.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Client;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Fixtures;

/// <summary>
/// The real application on Kestrel over a database of its own, with an Owner's token. As a class fixture it is shared by
/// the tests of one class, so they keep apart by the slugs of their servers; <see cref="StartAsync"/> gives one of your own.
/// </summary>
public sealed class GatewayFixture(PostgresFixture postgres) : IAsyncLifetime
{
    internal const string EncryptionKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8,
    });
    private readonly ScratchFolder _journal = new("journal");
    private McpxInstance? _instance;
    private Secret? _token;

    public Uri Url { get; private set; } = null!;

    public string ConnectionString { get; private set; } = "";

    /// <summary>A token of the Owner with every scope.</summary>
    public string Token => _token!.Reveal();

    public IServiceProvider Services => _instance!.App.Services;

    /// <summary>The first owner's organisation.</summary>
    public string Organization => Services.GetRequiredService<FirstOwner>().Owner.Organization.Slug;

    public async ValueTask InitializeAsync() => await StartAsync();

    /// <param name="connectionString">Another replica's database; null makes one.</param>
    /// <param name="settings">More configuration, e.g. <c>("EGRESS_ALLOW", "")</c>.</param>
    public async Task StartAsync(string? connectionString = null, Action<WebApplicationBuilder>? customize = null, params (string Key, string Value)[] settings)
    {
        var template = await postgres.GetOrCreateTemplateAsync("migrated", MigrateAsync);
        ConnectionString = connectionString ?? await postgres.CreateDatabaseAsync(template);
        Url = new Uri($"http://127.0.0.1:{Ports.Free()}");
        _instance = await McpxInstance.CreateAsync(ArgumentsFor(ConnectionString, Url, [("MCPX_JOURNAL", _journal.Path), .. settings]), builder =>
        {
            builder.Logging.SetMinimumLevel(LogLevel.Warning);
            customize?.Invoke(builder);
        });
        await _instance.App.StartAsync();
        await Eventually.TrueAsync(() => Services.GetRequiredService<Readiness>().IsReady, "the gateway is ready", TestContext.Current.CancellationToken);
        _token = (await Services.GetRequiredService<TokenAdmin>().CreateAsync(Owner, new NewToken("tests", TokenScopes.All.ToNames()), CancellationToken.None)).Text;
    }

    public Actor Owner => Services.GetRequiredService<FirstOwner>().Actor;

    public Uri EndpointOf(string slug) => new(Url, $"/mcp/{Organization}/server/{slug}");

    /// <summary>Registers a server under a slug that no other test has.</summary>
    public async Task<(string Slug, string Id)> AddUpstreamAsync(Uri upstream, object? credential = null, string mode = "none", params string[] tools)
    {
        var slug = "s" + System.Security.Cryptography.RandomNumberGenerator.GetHexString(12, lowercase: true);
        return (slug, await AddServerAsync(slug, upstream, credential, mode, tools));
    }

    /// <summary>Registers a server by REST and returns its id.</summary>
    public async Task<string> AddServerAsync(string slug, Uri upstream, object? credential = null, string mode = "none", params string[] tools)
    {
        var created = await ApiAsync(HttpMethod.Post, "/api/servers", new { name = slug, slug, url = upstream.ToString(), credential });
        created.Status.ShouldBe(HttpStatusCode.Created, created.Body);
        var id = created.Json["id"]!.GetValue<string>();
        if (mode != "none") (await ApiAsync(HttpMethod.Put, $"/api/servers/{id}/governance", new { mode, tools })).Status.ShouldBe(HttpStatusCode.OK);
        return id;
    }

    /// <summary>Lets a server change its tools without anybody's approval, and answer for those that it does not have.</summary>
    public async Task TrustDefinitionsAsync(string server) =>
        (await ApiAsync(HttpMethod.Put, $"/api/servers/{server}/tool-definitions", new { mode = "allow" })).Status.ShouldBe(HttpStatusCode.OK);

    /// <summary>Makes a virtual gateway by REST and returns its address.</summary>
    /// <param name="members">As REST takes them, e.g. <c>new { server = "crm", prefix = "crm_" }</c>.</param>
    public async Task<Uri> AddGatewayAsync(string slug, params object[] members)
    {
        var created = await ApiAsync(HttpMethod.Post, "/api/gateways", new { name = slug, slug, members });
        created.Status.ShouldBe(HttpStatusCode.Created, created.Body);
        return new Uri(created.Json["endpoint"]!.GetValue<string>());
    }

    public Task<HttpAnswer> ApiAsync(HttpMethod method, string path, object? body = null, string? token = null) =>
        SendAsync(method, path, body is null ? null : JsonSerializer.SerializeToUtf8Bytes(body), token ?? Token);

    /// <summary>One MCP message as these bytes.</summary>
    public Task<HttpAnswer> PostAsync(string slug, string body, string? token = null, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, $"/mcp/{Organization}/server/{slug}", Encoding.UTF8.GetBytes(body), token ?? Token, headers);

    /// <param name="token">Empty sends no Authorization header.</param>
    public async Task<HttpAnswer> SendAsync(HttpMethod method, string path, byte[]? body, string token, params (string Name, string Value)[] headers)
    {
        using var response = await OpenAsync(method, path, body, token, TestContext.Current.CancellationToken, headers);
        return new HttpAnswer(response.StatusCode, response.Headers, response.Content.Headers.ContentType?.MediaType,
            await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>One MCP message whose answer the test reads itself, as it comes.</summary>
    public Task<HttpResponseMessage> OpenAsync(string slug, string body, CancellationToken cancellationToken) =>
        OpenAsync(HttpMethod.Post, $"/mcp/{Organization}/server/{slug}", Encoding.UTF8.GetBytes(body), Token, cancellationToken);

    /// <summary>The standing stream of a session, which the test reads itself.</summary>
    public Task<HttpResponseMessage> ListenAsync(string slug, string session) =>
        OpenAsync(HttpMethod.Get, $"/mcp/{Organization}/server/{slug}", null, Token, TestContext.Current.CancellationToken, ("Accept", "text/event-stream"), ("Mcp-Session-Id", session));

    private async Task<HttpResponseMessage> OpenAsync(
        HttpMethod method, string path, byte[]? body, string token, CancellationToken cancellationToken, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(Url, path));
        if (body is not null) request.Content = new ByteArrayContent(body);
        if (body is not null && !headers.Any(h => h.Name == "Content-Type")) request.Content!.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (token.Length > 0) request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        if (!headers.Any(h => h.Name == "Accept")) request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value)) request.Content!.Headers.TryAddWithoutValidation(name, value);
        }

        return await _http.SendAsync(request, cancellationToken);
    }

    /// <summary>The official SDK's client; <paramref name="version"/> null lets it choose the era.</summary>
    public Task<McpClient> ConnectAsync(string slug, string? version = null, string? token = null)
    {
        var transport = new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = EndpointOf(slug),
            AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = $"Bearer {token ?? Token}" },
        });
        return McpClient.CreateAsync(transport, new McpClientOptions { ProtocolVersion = version }, cancellationToken: TestContext.Current.CancellationToken);
    }

    /// <summary>The newest calls, as the REST API tells them.</summary>
    public async Task<JsonArray> CallsAsync(string query = "")
    {
        var answer = await ApiAsync(HttpMethod.Get, $"/api/calls?size=200{query}");
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
        return answer.Json["items"]!.AsArray();
    }

    /// <summary>The calls to one server's endpoint, newest first, refused ones included.</summary>
    public async Task<IReadOnlyList<JsonNode>> CallsOfAsync(string slug) =>
        [.. (await CallsAsync()).Where(c => (string?)c!["serverSlug"] == slug).Select(c => c!)];

    /// <summary>Ends every connection to the database and refuses new ones, or takes them again.</summary>
    public async Task CutDatabaseAsync(bool allow)
    {
        var database = new NpgsqlConnectionStringBuilder(ConnectionString).Database;
        await using var admin = NpgsqlDataSource.Create(await postgres.GetAdminConnectionStringAsync());
        await using (var change = admin.CreateCommand($"ALTER DATABASE \"{database}\" ALLOW_CONNECTIONS {allow}")) await change.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        await using (var end = admin.CreateCommand($"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database}'"))
        {
            if (!allow) await end.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        if (!allow) return;
        var databases = Services.GetRequiredService<Databases>();
        databases.App.Clear();
        databases.Engine.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_instance is not null)
        {
            await _instance.App.StopAsync();
            await _instance.DisposeAsync();
        }

        _journal.Dispose();
    }

    private static async Task MigrateAsync(string connectionString)
    {
        await using var instance = await McpxInstance.CreateAsync(ArgumentsFor(connectionString, new Uri("http://127.0.0.1:1"), []));
    }

    private static string[] ArgumentsFor(string connectionString, Uri url, (string Key, string Value)[] settings) =>
    [
        $"--ConnectionStrings:Mcpx={connectionString}", $"--urls={url}", $"--PUBLIC_URL={url}", $"--ENCRYPTION_KEY={EncryptionKey}",
        "--EGRESS_ALLOW=127.0.0.0/8,::1/128", "--GITHUB_CLIENT_ID=tests", "--GITHUB_CLIENT_SECRET=tests", .. settings.Select(s => $"--{s.Key}={s.Value}"),
    ];
}

/// <summary>An HTTP answer, read to its end.</summary>
public sealed record HttpAnswer(HttpStatusCode Status, HttpResponseHeaders Headers, string? ContentType, string Body)
{
    /// <summary>The JSON body, or the last event's data of a stream.</summary>
    public JsonNode Json => JsonNode.Parse(ContentType == "text/event-stream"
        ? Body.Split('\n').Last(line => line.StartsWith("data:", StringComparison.Ordinal))[5..]
        : Body)!;

    public int ErrorCode => Json["error"]!["code"]!.GetValue<int>();
}
