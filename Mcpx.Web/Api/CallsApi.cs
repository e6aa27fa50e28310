using System.Text;
using System.Text.Json;
using Mcpx.Core.Calls;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy.Repeat;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/calls</c>.</summary>
internal static class CallsApi
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/calls", ListAsync);
        read.MapGet("/calls/{id}", GetAsync);
        write.MapPost("/calls/{id}/again", RepeatAsync);
    }

    private static async Task<IResult> ListAsync(
        HttpContext http, CallAdmin calls, string? server, string? gateway, string? serviceAccount, string? method, string? tool, string? outcome, DateTimeOffset? from, DateTimeOffset? to, string? cursor, int? size, bool? wouldBeDenied, string? firstRound)
    {
        CallFilter filter = new(
            server is null ? null : ApiInput.Id<ServerId>(server, "server"), method, tool,
            ApiInput.Choice<CallOutcome>(outcome, "outcome") is { } one ? [one] : null, from?.ToUniversalTime(), to?.ToUniversalTime(), cursor, size ?? 50,
            gateway is null ? null : ApiInput.Id<GatewayId>(gateway, "gateway"),
            serviceAccount is null ? null : ApiInput.Id<ServiceAccountId>(serviceAccount, "service account"), wouldBeDenied is true,
            firstRound is null ? null : ApiInput.Id<CallId>(firstRound, "call"));
        Page<CallRecord> page = await calls.ListAsync(ActorResolver.FromToken(http), filter, http.RequestAborted);
        return Results.Ok(new { items = page.Items.Select(CallAnswer.From), next = page.Next });
    }

    private static async Task<IResult> GetAsync(HttpContext http, CallAdmin calls, string id)
    {
        CallRecord call = await calls.GetAsync(ActorResolver.FromToken(http), ApiInput.Id<CallId>(id, "call"), http.RequestAborted);
        return Results.Ok(new
        {
            call = CallAnswer.From(call),
            request = Payload(call.Request),
            response = Payload(call.Response),
            truncated = call.Truncated,
            payloads = call.Payloads,
            requestDigest = Hex(call.RequestDigest),
            responseDigest = Hex(call.ResponseDigest),
            redactions = call.Redactions.Select(FindingAnswer.From),
        });
    }

    private static async Task<IResult> RepeatAsync(HttpContext http, CallRepeater repeater, string id, RepeatBody body)
    {
        RepeatedCall again = await repeater.RunAsync(ActorResolver.FromToken(http), ApiInput.Id<CallId>(id, "call"), body.Arguments?.GetRawText(), http.RequestAborted);
        return Results.Ok(new { call = again.Call.ToString(), status = again.Status, answer = Payload(again.Answer), truncated = again.Answer.Length < again.Length });
    }

    private static string? Hex(byte[]? digest) => digest is null ? null : Convert.ToHexStringLower(digest);

    /// <summary>As text where the bytes are UTF-8, else as base64: nothing is lost and nothing is guessed.</summary>
    private static object? Payload(byte[]? bytes)
    {
        if (bytes is null) return null;
        try
        {
            return new { encoding = "utf-8", body = StrictUtf8.GetString(bytes) };
        }
        catch (DecoderFallbackException)
        {
            return new { encoding = "base64", body = Convert.ToBase64String(bytes) };
        }
    }
}

/// <param name="Arguments">Instead of those on record; null for those.</param>
internal sealed record RepeatBody(JsonElement? Arguments = null);

internal sealed record CallAnswer(
    string Id, DateTimeOffset Time, string Endpoint, string? Server, string? ServerSlug, string? Gateway, string? GatewaySlug, string? User, string? UserName, string? Token, string? TokenName,
    string? ServiceAccount, string? ServiceAccountName,
    string? ClientName, string? ClientVersion, ProtocolEra Era, string? Method, string? Tool, string? UpstreamTool, CallOutcome Outcome, int Status, string? Rule, string? WouldRule, string? Reason,
    double TotalMilliseconds, double UpstreamMilliseconds, double? FirstByteMilliseconds, string? TraceId, string? FirstRound, int RequestBytes, long ResponseBytes)
{
    private const double MicrosecondsPerMillisecond = 1000;

    public static CallAnswer From(CallRecord c) => new(
        c.Id.ToString(), c.Time, c.Endpoint, c.Server?.ToString(), c.ServerSlug, c.Gateway?.ToString(), c.GatewaySlug, c.User?.ToString(), c.UserName, c.Token?.ToString(), c.TokenName,
        c.ServiceAccount?.ToString(), c.ServiceAccountName,
        c.ClientName, c.ClientVersion, c.Era, c.Method, c.Tool, c.UpstreamTool, c.Outcome, c.Status, c.Rule, c.WouldRule, c.Reason,
        c.TotalMicroseconds / MicrosecondsPerMillisecond, c.UpstreamMicroseconds / MicrosecondsPerMillisecond,
        c.FirstByteMicroseconds == 0 ? null : c.FirstByteMicroseconds / MicrosecondsPerMillisecond, c.TraceId, c.FirstRound?.ToString(), c.RequestBytes, c.ResponseBytes);
}
