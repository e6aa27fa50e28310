using System.Text.Json;
using Mcpx.Core.Audit;
using Mcpx.Core.Calls;
using Mcpx.Core.Gateways;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Protocol;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy.Repeat;

/// <summary>What became of a call that was run again.</summary>
/// <param name="Call">The new call: it has a record of its own.</param>
/// <param name="Status">The HTTP status that a client would have got; 0 when the answer broke off before it began.</param>
/// <param name="Answer">Its beginning, as a client would have got it.</param>
/// <param name="Length">How long the whole answer was, in bytes.</param>
public sealed record RepeatedCall(CallId Call, int Status, byte[] Answer, long Length);

/// <summary>
/// Runs a recorded call again, as whoever asks for it. It goes the way of every call: by the rules and limits of this
/// moment, with the gateway's credential, and onto the record.
/// </summary>
public sealed class CallRepeater(CallAdmin calls, SnapshotKeeper snapshots, ProxyPipeline pipeline, TimeProvider time)
{
    /// <summary>In the record, as the name of the client.</summary>
    public const string ClientName = "mcpx, run again";

    /// <summary>As long as a request may be.</summary>
    private const int LongestArguments = 4 << 20;

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    /// <summary>What would be sent.</summary>
    /// <exception cref="RefusalException">Not allowed, not there, or no call that can be run again.</exception>
    public async Task<RepeatDraft> DraftAsync(Actor actor, CallId id, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.CallTools);
        return DraftOf(await calls.GetAsync(actor, id, cancellationToken));
    }

    /// <param name="arguments">A JSON object instead of the arguments that are on record; null sends them as they were.</param>
    /// <exception cref="RefusalException">Not allowed, not there, no call that can be run again, or arguments that are none.</exception>
    public async Task<RepeatedCall> RunAsync(Actor actor, CallId id, string? arguments, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.CallTools);
        // A token that may not call tools must not come to call them by this door.
        if (!actor.Scopes.HasFlag(TokenScopes.Mcp)) throw new RefusalException.Forbidden("Running a call again is a call: the token needs the scope mcp.");
        CallRecord recorded = await calls.GetAsync(actor, id, cancellationToken);
        RepeatDraft draft = DraftOf(recorded);
        if (arguments is null && draft.Doubt is { } doubt) throw new RefusalException.Invalid([new FieldError("arguments", doubt)]);
        if (arguments is not null) Check(draft, arguments);
        ProxySnapshot snapshot = snapshots.Current;
        OrganizationRoutes routes = snapshot.Gateways.Find(actor.Organization) ?? throw new RefusalException.NotFound("organisation");
        byte[] body = BodyOf(draft, arguments ?? draft.Arguments);
        HeldResponse response = new(time);
        ProxyContext context = ContextOf(AddressOf(routes, recorded), draft, body, response, snapshot, CallerOf(actor, routes.Organization), cancellationToken);
        await pipeline.InvokeAsync(context);
        cancellationToken.ThrowIfCancellationRequested();
        return new RepeatedCall(context.Id, response.IsBroken ? 0 : response.Status, response.Kept, response.Length);
    }

    private static RepeatDraft DraftOf(CallRecord call) =>
        RepeatDraft.From(call) ?? throw new RefusalException.Conflict("call", "Only calls of tools, prompts and resources of a server can be run again.");

    private static void Check(RepeatDraft draft, string arguments)
    {
        InputCheck check = new();
        check.Require(draft.TakesArguments, "arguments", "A resource is read without arguments.");
        check.Require(arguments.Length <= LongestArguments && IsObject(arguments), "arguments", "Arguments are one JSON object.");
        check.ThrowIfWrong();
    }

    private static bool IsObject(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = McpMessageReader.MaxDepth });
            return document.RootElement.ValueKind is JsonValueKind.Object;
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Where the endpoint is by now: it may be called otherwise than it was.</summary>
    private static EndpointAddress AddressOf(OrganizationRoutes routes, CallRecord call)
    {
        string? slug = call.Gateway is { } gateway ? routes.FindGateway(gateway)?.Gateway.Slug : routes.FindServer(call.Server!.Value)?.Server.Slug;
        if (slug is null) throw new RefusalException.Conflict("call", "The server or gateway that it went to is gone.");
        string organization = routes.Organization.Slug;
        bool isGateway = call.Gateway is not null;
        return new EndpointAddress(organization, isGateway, slug, $"/mcp/{organization}/{(isGateway ? "gateway" : "server")}/{slug}");
    }

    /// <summary>A request of the stateless era: the gateway brings it to servers of either.</summary>
    private static byte[] BodyOf(RepeatDraft draft, string? arguments)
    {
        using MemoryStream body = new();
        using (Utf8JsonWriter json = new(body))
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc", "2.0");
            json.WriteNumber("id", 1);
            json.WriteString("method", draft.Method);
            json.WriteStartObject("params");
            json.WriteString(draft.TakesArguments ? "name" : "uri", draft.Target);
            if (arguments is not null && draft.TakesArguments)
            {
                json.WritePropertyName("arguments");
                json.WriteRawValue(arguments);
            }

            json.WriteStartObject("_meta");
            json.WriteString(McpMessageReader.ProtocolVersionKey, ProtocolVersions.Stateless);
            json.WriteStartObject(McpMessageReader.ClientInfoKey);
            json.WriteString("name", ClientName);
            json.WriteString("version", typeof(CallRepeater).Assembly.GetName().Version!.ToString(3));
            json.WriteEndObject();
            json.WriteStartObject(McpMessageReader.ClientCapabilitiesKey);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return body.ToArray();
    }

    private static ProxyContext ContextOf(
        EndpointAddress address, RepeatDraft draft, byte[] body, HeldResponse response, ProxySnapshot snapshot, Caller caller, CancellationToken gone)
    {
        McpHeaders headers = new(ProtocolVersions.Stateless, draft.Method, McpHeaderEncoder.EncodeValue(draft.Target), SessionId: null);
        // Through the strict reader like everybody's: what it would refuse of a client is refused here, and on record.
        McpError? malformed = McpMessageReader.TryRead(body, out McpMessage? message, out McpError? unreadable, out ReadOnlyMemory<byte> id) ? EraRules.Check(message, headers, out _) : unreadable;
        return new ProxyContext
        {
            Endpoint = address,
            Body = body,
            Message = message,
            Malformed = malformed,
            RequestId = id,
            Era = ProtocolEra.Stateless,
            Headers = headers,
            WritesParameterHeaders = true,
            Response = response,
            ClientGone = gone,
            Snapshot = snapshot,
            Caller = caller,
        };
    }

    /// <summary>The actor, with the limits of the credential that is in use: rules for a token hold on this way too.</summary>
    private Caller CallerOf(Actor actor, Organization home)
    {
        UsedCredential used = actor.Origin.Credential;
        return new Caller(home, actor.Principal, actor.Role, TokenScopes.Mcp, time.GetUtcNow() + Lifetime)
        {
            Limits = actor.Limits,
            Token = used is { Kind: UsedCredentialKind.Token, Id: { } token } ? TokenId.From(token) : null,
            TokenName = used.Kind is UsedCredentialKind.Token ? used.Name : null,
        };
    }
}
