using System.Net.ServerSentEvents;
using System.Text.Json;

namespace Mcpx.Core.Servers;

/// <summary>An upstream's answer to a request of the gateway's own: a result, which is an object, or an error.</summary>
internal sealed record RpcAnswer(JsonElement? Result, RpcError? Error)
{
    /// <summary>
    /// The answer to the request <paramref name="id"/>, from a JSON body or an event stream, whichever the server chose
    /// (MCP 2025-11-25, Transports, "Sending Messages to the Server"); null when the body holds none.
    /// </summary>
    /// <param name="longest">In bytes.</param>
    /// <exception cref="NotMcpException">The body is longer.</exception>
    /// <exception cref="IOException">The body broke off.</exception>
    public static async Task<RpcAnswer?> ReadAsync(HttpResponseMessage response, string id, int longest, CancellationToken cancellationToken)
    {
        string? type = response.Content.Headers.ContentType?.MediaType;
        if (type is not null && !IsEventStream(response) && !type.Contains("json", StringComparison.OrdinalIgnoreCase)) return null;
        await using BoundedStream body = new(await response.Content.ReadAsStreamAsync(cancellationToken), longest);
        if (IsEventStream(response))
        {
            await using IAsyncEnumerator<SseItem<string>> events = EventsOf(body, cancellationToken);
            return await NextAsync(events, id);
        }

        try
        {
            using JsonDocument message = await JsonDocument.ParseAsync(body, cancellationToken: cancellationToken);
            return Of(message.RootElement, id);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static IAsyncEnumerator<SseItem<string>> EventsOf(BoundedStream body, CancellationToken cancellationToken) =>
        SseParser.Create(body).EnumerateAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);

    /// <summary>The next event that answers the request <paramref name="id"/>; null when the stream ends before.</summary>
    public static async Task<RpcAnswer?> NextAsync(IAsyncEnumerator<SseItem<string>> events, string id)
    {
        while (await events.MoveNextAsync())
        {
            if (events.Current.EventType == SseParser.EventTypeDefault && Parse(events.Current.Data, id) is { } answer) return answer;
        }

        return null;
    }

    public static bool IsEventStream(HttpResponseMessage response) =>
        "text/event-stream".Equals(response.Content.Headers.ContentType?.MediaType, StringComparison.OrdinalIgnoreCase);

    /// <summary>A member's text; null when it is no string, or one that is no text (a lone surrogate).</summary>
    public static string? TextOf(JsonElement element, string member)
    {
        try
        {
            return element.ValueKind is JsonValueKind.Object && element.TryGetProperty(member, out JsonElement value) && value.ValueKind is JsonValueKind.String
                ? value.GetString()
                : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static RpcAnswer? Parse(string data, string id)
    {
        try
        {
            using JsonDocument message = JsonDocument.Parse(data);
            return Of(message.RootElement, id);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static RpcAnswer? Of(JsonElement message, string id)
    {
        if (message.ValueKind is not JsonValueKind.Object) return null;
        string? answered = TextOf(message, "id");
        // Who refuses a request before reading it can't tell its id (JSON-RPC 2.0, section 5).
        bool hasNoId = !message.TryGetProperty("id", out JsonElement raw) || raw.ValueKind is JsonValueKind.Null;
        if ((hasNoId || answered == id) && message.TryGetProperty("error", out JsonElement error) && error.ValueKind is JsonValueKind.Object)
            return new RpcAnswer(null, RpcError.From(error));
        return answered == id && message.TryGetProperty("result", out JsonElement result) && result.ValueKind is JsonValueKind.Object
            ? new RpcAnswer(result.Clone(), null)
            : null;
    }
}

/// <param name="Code">0 when it is no whole number.</param>
internal sealed record RpcError(int Code, string Message, JsonElement? Data)
{
    private const int LongestMessage = 200;

    public static RpcError From(JsonElement error)
    {
        int code = error.TryGetProperty("code", out JsonElement number) && number.ValueKind is JsonValueKind.Number && number.TryGetInt32(out int whole) ? whole : 0;
        // People read it: short, and nothing that moves a terminal's cursor.
        string message = string.Concat((RpcAnswer.TextOf(error, "message") ?? "").Take(LongestMessage).Select(c => char.IsControl(c) ? ' ' : c));
        return new RpcError(code, message, error.TryGetProperty("data", out JsonElement data) ? data.Clone() : null);
    }
}
