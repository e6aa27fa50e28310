using System.Net;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>An upstream's HTTP answer as the messages that it carries.</summary>
internal static class UpstreamMessages
{
    /// <summary>Every message in order, none for an empty answer; each is valid until the next is asked for.</summary>
    /// <exception cref="UpstreamAnswerException">The answer is not the protocol's, or too long.</exception>
    /// <param name="position">Kept up to date while an event stream is read; null where no stream is ever taken up again.</param>
    public static async IAsyncEnumerable<UpstreamMessage> ReadAsync(HttpResponseMessage answer, CallDeadline deadline, StreamPosition? position = null)
    {
        deadline.ExpectMore();
        AnswerRelay.RefuseUnusable(answer);
        string? type = answer.Content.Headers.ContentType?.MediaType;
        await using Stream body = await answer.Content.ReadAsStreamAsync(deadline.Token);
        if (type == "text/event-stream")
        {
            await foreach (UpstreamMessage message in ReadEventsAsync(body, deadline, position))
                yield return message with { Status = (int)answer.StatusCode };
        }
        else if (type == "application/json")
        {
            ReadOnlyMemory<byte> json = await BodyPieces.ReadAllAsync(body, default, BodyPieces.LongestHeld, deadline);
            if (!json.IsEmpty) yield return UpstreamMessage.Read(json) with { Status = (int)answer.StatusCode };
        }
        else
        {
            if (answer.StatusCode is not (HttpStatusCode.Accepted or HttpStatusCode.OK or HttpStatusCode.NoContent))
                throw new UpstreamAnswerException($"The server answered {(int)answer.StatusCode} {type ?? "without a content type"}, not JSON or an event stream.");
            await BodyPieces.DiscardAsync(body, deadline);
        }
    }

    /// <summary>The messages of an event stream; events that carry none are skipped.</summary>
    public static async IAsyncEnumerable<UpstreamMessage> ReadEventsAsync(Stream body, CallDeadline deadline, StreamPosition? position = null)
    {
        using SseEventReader events = new();
        while (true)
        {
            deadline.ExpectMore();
            int read = await events.ReadAsync(body, deadline);
            events.Advance(read);
            while (events.TryRead(out ReadOnlyMemory<byte> @event))
            {
                position?.Follow(@event.Span);
                ReadOnlyMemory<byte> data = SseEventReader.DataOf(@event);
                if (SseEventReader.IsMessage(@event.Span) && IsText(data.Span)) yield return UpstreamMessage.Read(data);
            }

            if (events.PendingBytes > BodyPieces.LongestHeld) throw BodyPieces.TooLong(BodyPieces.LongestHeld);
            if (read == 0) yield break;
        }
    }

    /// <summary>False for what opens or keeps a stream: nothing, or an empty object in servers of the TypeScript SDK.</summary>
    private static bool IsText(ReadOnlySpan<byte> data) =>
        !data.Trim(" \t\r\n"u8).IsEmpty && !(data.Trim(" \t\r\n"u8) is [(byte)'{', .. var members, (byte)'}'] && members.Trim(" \t\r\n"u8).IsEmpty);
}

/// <summary>Where an event stream has got to, so that it can be taken up again (MCP 2025-11-25, "Resumability and Redelivery").</summary>
internal sealed class StreamPosition
{
    /// <summary>Null while the stream can't be taken up again.</summary>
    public string? LastEventId { get; private set; }

    public TimeSpan Retry { get; private set; } = TimeSpan.FromSeconds(1);

    public void Follow(ReadOnlySpan<byte> @event)
    {
        LastEventId = SseEventReader.IdOf(@event) ?? LastEventId;
        Retry = SseEventReader.RetryOf(@event) ?? Retry;
    }
}
