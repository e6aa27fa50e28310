using Mcpx.Core.Calls.Streaming;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/log-streams</c>.</summary>
internal static class LogStreamsApi
{
    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/log-streams", ListAsync);
        write.MapPost("/log-streams", CreateAsync);
        write.MapPost("/log-streams/{id}/pause", PauseAsync);
        write.MapPost("/log-streams/{id}/resume", ResumeAsync);
        write.MapPost("/log-streams/{id}/test", TestAsync);
        write.MapDelete("/log-streams/{id}", DeleteAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext http, LogStreamAdmin streams) =>
        Results.Ok(new { items = (await streams.ListAsync(ActorResolver.FromToken(http), http.RequestAborted)).Select(r => LogStreamAnswer.From(r.Stream, r.Waiting)), next = (string?)null });

    private static async Task<IResult> CreateAsync(HttpContext http, LogStreamAdmin streams, LogStreamBody body)
    {
        IssuedLogStream made = await streams.CreateAsync(ActorResolver.FromToken(http), body.ToInput(), http.RequestAborted);
        return Results.Created($"/api/log-streams/{made.Stream.Id}", LogStreamAnswer.From(made.Stream, waiting: 0) with { SigningKey = made.SigningKey?.Reveal() });
    }

    private static async Task<IResult> PauseAsync(HttpContext http, LogStreamAdmin streams, string id)
    {
        await streams.PauseAsync(ActorResolver.FromToken(http), IdOf(id), http.RequestAborted);
        return Results.NoContent();
    }

    private static async Task<IResult> ResumeAsync(HttpContext http, LogStreamAdmin streams, string id)
    {
        await streams.ResumeAsync(ActorResolver.FromToken(http), IdOf(id), http.RequestAborted);
        return Results.NoContent();
    }

    private static async Task<IResult> TestAsync(HttpContext http, LogStreamAdmin streams, string id)
    {
        LogTestResult result = await streams.TestAsync(ActorResolver.FromToken(http), IdOf(id), http.RequestAborted);
        return Results.Ok(new { taken = result.Taken, text = result.Text });
    }

    private static async Task<IResult> DeleteAsync(HttpContext http, LogStreamAdmin streams, string id)
    {
        await streams.DeleteAsync(ActorResolver.FromToken(http), IdOf(id), http.RequestAborted);
        return Results.NoContent();
    }

    private static LogStreamId IdOf(string id) => ApiInput.Id<LogStreamId>(id, "log stream");
}

/// <param name="Url">Of a webhook; null for syslog.</param>
/// <param name="Entries">With the entries of the audit log.</param>
/// <param name="Authorization">Of a webhook that checks no signatures.</param>
internal sealed record LogStreamBody(
    string? Name = null, string? Url = null, string? Authorization = null, string? Host = null, int? Port = null, bool Tls = true, string? Query = null, bool Payloads = false, bool Entries = false)
{
    public NewLogStream ToInput() => new(Name, Url, Authorization is null ? null : new Secret(Authorization), Host, Port, Tls, Query, Payloads, Entries);

    // The generated one would print the secret wherever the body is logged.
    public override string ToString() => nameof(LogStreamBody);
}

/// <summary>As the API shows it: of the secret a masked hint.</summary>
/// <param name="Authentication">How a webhook knows us; null for syslog.</param>
/// <param name="PausedAt">Since when nothing is sent; null while it is.</param>
/// <param name="Delivered">Calls and entries that were sent, in all.</param>
/// <param name="Waiting">Records that were not looked at yet.</param>
/// <param name="Problem">Why it does not go on; null when it does.</param>
internal sealed record LogStreamAnswer(
    string Id, string Name, string? Url, WebhookAuthentication? Authentication, string? Host, int? Port, bool? Tls, string? SecretHint, string Query, bool Payloads, bool Entries, DateTimeOffset CreatedAt,
    DateTimeOffset? PausedAt, long Delivered, DateTimeOffset? DeliveredAt, long Waiting, string? Problem, DateTimeOffset? ProblemAt)
{
    /// <summary>Only in the answer that made the stream.</summary>
    public string? SigningKey { get; init; }

    public static LogStreamAnswer From(LogStream s, long waiting)
    {
        LogTarget.Webhook? webhook = s.Target as LogTarget.Webhook;
        LogTarget.Syslog? syslog = s.Target as LogTarget.Syslog;
        return new LogStreamAnswer(s.Id.ToString(), s.Name, webhook?.Url.OriginalString, webhook?.Authentication, syslog?.Host, syslog?.Port, syslog?.Tls, s.SecretHint, s.Query, s.Payloads, s.Entries, s.CreatedAt,
            s.PausedAt, s.Progress.Delivered, s.Progress.DeliveredAt, waiting, s.Progress.Problem, s.Progress.ProblemAt);
    }
}
