using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;
using Mcpx.DemoServers;
using Microsoft.AspNetCore.Builder;
using ModelContextProtocol.Client;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Samples;

/// <summary>The demo servers in this process on a free port, with the two ways to talk to them: the SDK's client and plain HTTP.</summary>
public sealed class DemoServersFixture : IAsyncLifetime
{
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { Expect100ContinueTimeout = TimeSpan.FromSeconds(30) });
    private WebApplication? _app;

    private WebApplication App => _app ?? throw new InvalidOperationException("Not started.");

    public async ValueTask InitializeAsync() =>
        _app = await DemoServersApp.StartAsync(["--port", "0", "--finance-key", "demo-finance-key", "--hr-token", "demo-hr-token"]);

    public Uri UrlOf(string server) => App.UrlOf(server);

    public static Dictionary<string, string> CredentialOf(string server) => server switch
    {
        "finance" => new() { ["X-API-Key"] = "demo-finance-key" },
        "hr" => new() { ["Authorization"] = "Bearer demo-hr-token" },
        _ => [],
    };

    /// <summary>The same as the gateway is told it.</summary>
    public CredentialInput InputOf(string server) => server switch
    {
        "finance" => new CredentialInput(CredentialKind.ApiKey, null, new Secret("demo-finance-key")),
        "hr" => new CredentialInput(CredentialKind.Bearer, null, new Secret("demo-hr-token")),
        "tickets" => new CredentialInput(CredentialKind.ClientCredentials, null, new Secret("demo-tickets-secret"),
            new ClientInput("demo-tickets-client", Issuer: new Uri(UrlOf("tickets"), "/tickets/oauth").AbsoluteUri, Scope: "tickets")),
        _ => CredentialInput.None,
    };

    /// <summary>The SDK's client as a user would configure it; <paramref name="version"/> null is its own choice of era.</summary>
    public Task<McpClient> ConnectAsync(string server, string? version, Dictionary<string, string>? headers = null)
    {
        var transport = new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = UrlOf(server),
            AdditionalHeaders = headers ?? CredentialOf(server),
        });
        return McpClient.CreateAsync(transport, new McpClientOptions { ProtocolVersion = version }, cancellationToken: TestContext.Current.CancellationToken);
    }

    public async Task<Answer> SendAsync(HttpMethod method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(UrlOf("crm"), path));
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.Accept.ParseAdd("text/event-stream");
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value).ShouldBeTrue();

        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        return new Answer(response.StatusCode, response.Headers, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_app is not null)
            await _app.DisposeAsync();
    }

    public sealed record Answer(HttpStatusCode Status, HttpResponseHeaders Headers, string Body)
    {
        /// <summary>The JSON-RPC message, taken out of the event stream where it came in one.</summary>
        public JsonNode Message => JsonNode.Parse(Body.StartsWith('{') ? Body : Body.Split("data: ")[1])!;

        public int ErrorCode => Message["error"]!["code"]!.GetValue<int>();
    }
}
