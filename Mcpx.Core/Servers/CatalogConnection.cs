using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

// Sampling and roots are deprecated, and servers go by them for as long as there are clients that have them.
#pragma warning disable MCP9005

namespace Mcpx.Core.Servers;

/// <summary>The SDK's client at one server, in the era and by the transport that the server speaks.</summary>
internal sealed class CatalogConnection(McpClient client) : IAsyncDisposable
{
    // Core/Protocol knows the revisions, but a capability may not ask it.
    private const string StatelessSince = "2026-07-28";

    private static readonly Implementation Gateway = new() { Name = "mcpx", Version = typeof(CatalogConnection).Assembly.GetName().Version!.ToString(3) };
    /// <summary>
    /// Servers leave out tools that need a client which can be asked. A list is read once for all clients, so it is read for
    /// those that can be asked everything.
    /// </summary>
    private static readonly ClientCapabilities Everything = new()
    {
        Sampling = new SamplingCapability(),
        Elicitation = new ElicitationCapability { Form = new FormElicitationCapability(), Url = new UrlElicitationCapability() },
        Roots = new RootsCapability(),
    };

    private static readonly TimeSpan FarewellPatience = TimeSpan.FromSeconds(2);

    public McpClient Client => client;

    /// <summary>Revisions are dates: ordinal order is their order.</summary>
    public bool IsStateless => string.CompareOrdinal(client.NegotiatedProtocolVersion, StatelessSince) >= 0;

    /// <param name="http">Puts the credential on; ends, when it is disposed, whatever the client still has open.</param>
    /// <param name="onNotice">Called when the server tells of a change; null for a client that does not listen.</param>
    public static async Task<CatalogConnection> OpenAsync(
        UpstreamServer server, HttpClient http, Action? onNotice, CancellationToken cancellationToken)
    {
        HttpClientTransportOptions transport = new()
        {
            Endpoint = server.Url,
            TransportMode = HttpTransportMode.AutoDetect,
            EnableStandaloneGetStream = onNotice is not null,
            // With none at all the SDK goes round in circles on a stream whose events have ids.
            MaxReconnectionAttempts = 1,
        };
        McpClientOptions options = new() { ClientInfo = Gateway, Capabilities = Everything };
        if (onNotice is not null) options.Handlers.NotificationHandlers = CatalogNotices.HandledBy(onNotice);
        // Waited for from outside too: a connect that fails takes its time to say goodbye.
        return new CatalogConnection(await McpClient.CreateAsync(new HttpClientTransport(transport, http), options, null, cancellationToken).WaitAsync(cancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await client.DisposeAsync().AsTask().WaitAsync(FarewellPatience);
        }
        catch (Exception)
        {
            // What a server answers to a DELETE matters to nobody.
        }
    }
}
