using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Servers;

/// <summary>Reads what one server offers, in the era and by the transport that it speaks.</summary>
public sealed partial class CatalogReader(UpstreamAccess access, EgressHandlerFactory egress, TimeProvider time, ILogger<CatalogReader> logger)
{
    /// <summary>For all pages of all lists together.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The <c>User-Agent</c> of readings for tool definitions, so that an operator knows what comes by so often.</summary>
    public const string DefinitionAgent = "mcpx (tool definitions)";

    private const int MostPages = 200;
    private const long LongestAnswer = ServerCatalog.LargestList + (1 << 20);

    /// <summary>Every page of every list that the server announces.</summary>
    /// <exception cref="CatalogException">It could not be read as a whole; half a list is none.</exception>
    public Task<ServerCatalog> ReadAsync(UpstreamServer server, StoredCredential? credential, CancellationToken cancellationToken) =>
        ReadAsync(server, credential, ReadAllAsync, agent: null, cancellationToken);

    /// <summary>The tools alone, in fewer requests: for who wants to know whether their definitions are what they were.</summary>
    /// <exception cref="CatalogException">The list could not be read as a whole.</exception>
    public Task<IReadOnlyList<CatalogItem>> ReadToolsAsync(UpstreamServer server, StoredCredential? credential, CancellationToken cancellationToken) =>
        ReadAsync(server, credential, ReadToolsAsync, DefinitionAgent, cancellationToken);

    private async Task<T> ReadAsync<T>(
        UpstreamServer server, StoredCredential? credential, Func<CatalogConnection, UpstreamServer, CancellationToken, Task<T>> read, string? agent, CancellationToken cancellationToken)
    {
        CatalogHttp guard = new(server.Url, LongestAnswer) { UserAgent = agent };
        using HttpClient http = egress.CreateClientFor(server.Organization, guard, access.HandlerFor(server, credential));
        using CancellationTokenSource limit = new(Patience, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await using CatalogConnection connection = await CatalogConnection.OpenAsync(server, http, onNotice: null, either.Token);
            return await read(connection, server, either.Token);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // The SDK tells of a cut-off answer in several ways, none of which says why.
            throw guard.AnswerTooLong ? CatalogException.NotMcp($"An answer of the server is longer than {LongestAnswer >> 20} MiB.", e) : CatalogException.From(e);
        }
    }

    /// <summary>Whether <see cref="WatchAsync"/> can be of use with this server.</summary>
    public static bool TellsChanges(ServerCatalog catalog) =>
        JsonSerializer.Deserialize<ServerCapabilities>(catalog.CapabilitiesJson.Span, McpJsonUtilities.DefaultOptions) is { } capabilities && CatalogNotices.AreToldBy(capabilities);

    /// <summary>
    /// Holds a connection on which the server tells that its lists changed: the GET stream of the session era,
    /// <c>subscriptions/listen</c> of the stateless one. Returns or throws when it ends.
    /// </summary>
    /// <param name="onChange">Also called when the connection stands: what changed before, nobody told.</param>
    /// <returns>False when the server offers no such connection.</returns>
    /// <exception cref="CatalogException">It could not be made, or broke.</exception>
    public async Task<bool> WatchAsync(UpstreamServer server, StoredCredential? credential, Action onChange, CancellationToken cancellationToken)
    {
        CatalogHttp guard = new(server.Url, LongestAnswer) { StreamOpened = onChange };
        using HttpClient http = egress.CreateClientFor(server.Organization, guard, access.HandlerFor(server, credential));
        // Some servers send the headers of a stream with its first event, which may be tomorrow.
        http.Timeout = Timeout.InfiniteTimeSpan;
        try
        {
            await using CatalogConnection connection = await ConnectAsync(server, http, onChange, cancellationToken);
            if (!CatalogNotices.AreToldBy(connection.Client.ServerCapabilities)) return false;
            if (connection.IsStateless) return await SubscribeAsync(connection, cancellationToken);
            return await guard.StreamEnded.WaitAsync(cancellationToken) is not (HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotFound or HttpStatusCode.NotImplemented);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            throw CatalogException.From(e);
        }
    }

    private async Task<CatalogConnection> ConnectAsync(UpstreamServer server, HttpClient http, Action onChange, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(Patience, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        return await CatalogConnection.OpenAsync(server, http, onChange, either.Token);
    }

    private static async Task<bool> SubscribeAsync(CatalogConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            // Its answer is the end of the subscription.
            await connection.Client.SendRequestAsync(CatalogNotices.Subscription(connection.Client.ServerCapabilities), cancellationToken);
            return true;
        }
        catch (Exception e) when (IsUnknownMethod(e, connection))
        {
            return false;
        }
    }

    private async Task<ServerCatalog> ReadAllAsync(CatalogConnection connection, UpstreamServer server, CancellationToken cancellationToken)
    {
        ServerCapabilities capabilities = connection.Client.ServerCapabilities;
        CatalogList tools = new("tools", "name"), prompts = new("prompts", "name"), resources = new("resources", "uri"), templates = new("resourceTemplates", "uriTemplate");
        if (capabilities.Tools is not null) await ReadPagesAsync(connection, RequestMethods.ToolsList, tools, cancellationToken);
        if (capabilities.Prompts is not null) await ReadPagesAsync(connection, RequestMethods.PromptsList, prompts, cancellationToken);
        if (capabilities.Resources is not null) await ReadPagesAsync(connection, RequestMethods.ResourcesList, resources, cancellationToken);
        if (capabilities.Resources is not null) await ReadPagesAsync(connection, RequestMethods.ResourcesTemplatesList, templates, cancellationToken);

        CatalogList[] all = [tools, prompts, resources, templates];
        int leftOut = all.Sum(l => l.LeftOut);
        if (leftOut > 0) LogLeftOut(logger, leftOut, server.Id);
        return new ServerCatalog(server.Id, tools.Items, prompts.Items, resources.Items, templates.Items,
            JsonSerializer.SerializeToUtf8Bytes(capabilities, McpJsonUtilities.DefaultOptions), connection.Client.ServerInstructions,
            Instant.Now(time), all.Min(l => l.TimeToLive));
    }

    private async Task<IReadOnlyList<CatalogItem>> ReadToolsAsync(CatalogConnection connection, UpstreamServer server, CancellationToken cancellationToken)
    {
        CatalogList tools = new("tools", "name");
        if (connection.Client.ServerCapabilities.Tools is not null) await ReadPagesAsync(connection, RequestMethods.ToolsList, tools, cancellationToken);
        if (tools.LeftOut > 0) LogLeftOut(logger, tools.LeftOut, server.Id);
        return tools.Items;
    }

    private static async Task ReadPagesAsync(CatalogConnection connection, string method, CatalogList list, CancellationToken cancellationToken)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        string? cursor = null;
        for (int page = 1; ; page++)
        {
            JsonObject parameters = [];
            if (cursor is not null) parameters["cursor"] = cursor;
            JsonRpcResponse answer;
            try
            {
                answer = await connection.Client.SendRequestAsync(new JsonRpcRequest { Method = method, Params = parameters }, cancellationToken);
            }
            catch (Exception e) when (page == 1 && IsUnknownMethod(e, connection))
            {
                // Servers announce resources and know no templates, for instance.
                return;
            }

            cursor = list.Add(answer.Result);
            if (cursor is null) return;
            if (!seen.Add(cursor)) throw CatalogException.NotMcp($"The server's list of {list.What} has no end: a page leads to an earlier one.");
            if (page == MostPages) throw CatalogException.NotMcp($"The server's list of {list.What} has more than {MostPages} pages.");
        }
    }

    /// <summary>The stateless era answers an unknown method with 404, which in a session means that the session is gone.</summary>
    private static bool IsUnknownMethod(Exception exception, CatalogConnection connection) =>
        exception is McpProtocolException { ErrorCode: McpErrorCode.MethodNotFound }
        || connection.IsStateless && exception is HttpRequestException { StatusCode: HttpStatusCode.NotFound };

    [LoggerMessage(1320, LogLevel.Warning, "{Count} items of server {Server} have no usable name and are left out.")]
    private static partial void LogLeftOut(ILogger logger, int count, ServerId server);
}
