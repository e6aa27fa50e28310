using System.Globalization;
using System.Text.Json;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Export;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy.Repeat;
using Mcpx.Web.Authentication;
using Mcpx.Web.Hosting;

namespace Mcpx.Web.Api;

/// <summary><c>/api/calls</c>.</summary>
internal static class CallsApi
{
    private const int UsualSize = 50;

    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/calls", ListAsync);
        read.MapGet("/calls/count", CountAsync);
        read.MapGet("/calls/export", ExportAsync);
        read.MapGet("/calls/filters", ListFiltersAsync);
        write.MapPost("/calls/filters", CreateFilterAsync);
        write.MapDelete("/calls/filters/{id}", DeleteFilterAsync);
        read.MapGet("/calls/{id}", GetAsync);
        write.MapPost("/calls/{id}/again", RepeatAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext http, CallAdmin calls, CallQueries queries)
    {
        Actor actor = ActorResolver.FromToken(http);
        string? size = http.Request.Query["size"];
        int asked = UsualSize;
        new InputCheck().Require(string.IsNullOrEmpty(size) || int.TryParse(size, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out asked), "size", "Use a number.").ThrowIfWrong();
        Page<CallRecord> page = await calls.ListAsync(actor, (await ReadFilterAsync(http, queries, actor)) with { Size = asked }, http.RequestAborted);
        return Results.Ok(new { items = page.Items.Select(CallAnswer.From), next = page.Next });
    }

    private static async Task<IResult> CountAsync(HttpContext http, CallAdmin calls, CallQueries queries)
    {
        Actor actor = ActorResolver.FromToken(http);
        CallCount count = await calls.CountAsync(actor, await ReadFilterAsync(http, queries, actor), http.RequestAborted);
        return Results.Ok(new { count = count.Found, more = !count.IsWhole });
    }

    private static async Task<IResult> ExportAsync(HttpContext http, CallExport export, CallQueries queries, TimeProvider time, string? format, bool? payloads)
    {
        Actor actor = ActorResolver.FromToken(http);
        ExportFormat chosen = CallExportResult.FormatOf(format);
        CallFilter filter = await ReadFilterAsync(http, queries, actor);
        return new CallExportResult(export, actor, new CallExportOrder(filter, QueryOf(http).ToText(), chosen, payloads is true), time);
    }

    private static async Task<IResult> ListFiltersAsync(HttpContext http, SavedFilterAdmin filters) =>
        Results.Ok(new { items = (await filters.ListAsync(ActorResolver.FromToken(http), http.RequestAborted)).Select(SavedFilterAnswer.From), next = (string?)null });

    private static async Task<IResult> CreateFilterAsync(HttpContext http, SavedFilterAdmin filters, SavedFilterBody body)
    {
        SavedFilter made = await filters.CreateAsync(ActorResolver.FromToken(http), new NewSavedFilter(body.Name, body.Query), http.RequestAborted);
        return Results.Created($"/api/calls/filters/{made.Id}", SavedFilterAnswer.From(made));
    }

    private static async Task<IResult> DeleteFilterAsync(HttpContext http, SavedFilterAdmin filters, string id)
    {
        await filters.DeleteAsync(ActorResolver.FromToken(http), ApiInput.Id<SavedFilterId>(id, "saved filter"), http.RequestAborted);
        return Results.NoContent();
    }

    private static CallQuery QueryOf(HttpContext http) => CallQuery.Parse(name => http.Request.Query[name]);

    private static async Task<CallFilter> ReadFilterAsync(HttpContext http, CallQueries queries, Actor actor)
    {
        CallFilter filter = await queries.ReadAsync(actor, QueryOf(http), http.RequestAborted);
        return http.Request.Query["wouldBeDenied"] == "true" ? filter with { WouldBeDenied = true } : filter;
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
    private static object? Payload(ReadOnlyMemory<byte>? payload)
    {
        if (payload is not { } bytes) return null;
        (string encoding, string body) = CallJson.Encode(bytes);
        return new { encoding, body };
    }
}

/// <param name="Arguments">Instead of those on record; null for those.</param>
internal sealed record RepeatBody(JsonElement? Arguments = null);

internal sealed record SavedFilterBody(string? Name = null, string? Query = null);

/// <param name="Query">Behind the question mark of <c>GET /api/calls</c> and of the page of calls.</param>
internal sealed record SavedFilterAnswer(string Id, string Name, string Query, string MadeBy, string MadeByName, DateTimeOffset CreatedAt)
{
    public static SavedFilterAnswer From(SavedFilter f) => new(f.Id.ToString(), f.Name, f.Query, f.MadeBy.ToString("D"), f.MadeByName, f.CreatedAt);
}

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
