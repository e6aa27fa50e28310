using System.Text.Json;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>
/// One JSON-RPC message of an upstream, taken apart as far as a bridge needs it. Its parts are slices of the bytes that
/// came.
/// </summary>
public sealed record UpstreamMessage(AnswerKind Kind, ReadOnlyMemory<byte> Json, ReadOnlyMemory<byte> Id, string? Method)
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 512 };

    /// <summary>The HTTP status that an answer came with.</summary>
    public int Status { get; init; } = 200;

    /// <summary>True when the upstream asks the client something and waits for the answer.</summary>
    public bool IsRequest => Kind is AnswerKind.Interim && !Id.IsEmpty;

    /// <summary>True for news of lists and resources, which belong to no call.</summary>
    public bool IsAboutChanges => Method is not null
        && (Method.EndsWith("/list_changed", StringComparison.Ordinal) || Method == NotificationMethods.ResourceUpdatedNotification);

    public bool IsAnswer => Kind is AnswerKind.Result or AnswerKind.Error;

    /// <exception cref="UpstreamAnswerException">Not one well-formed JSON-RPC message.</exception>
    public static UpstreamMessage Read(ReadOnlyMemory<byte> json)
    {
        ReadOnlyMemory<byte> id = default;
        string? method = null;
        bool hasResult = false, hasError = false;
        try
        {
            Utf8JsonReader reader = new(json.Span, Options);
            reader.Read();
            if (reader.TokenType is not JsonTokenType.StartObject) throw NotOne();
            while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
            {
                bool isId = reader.ValueTextEquals("id"u8), isMethod = reader.ValueTextEquals("method"u8);
                hasResult |= reader.ValueTextEquals("result"u8);
                hasError |= reader.ValueTextEquals("error"u8);
                reader.Read();
                int start = (int)reader.TokenStartIndex;
                if (isMethod && reader.TokenType is JsonTokenType.String) method = reader.GetString();
                reader.Skip();
                if (isId && json.Span[start] is not (byte)'n') id = json[start..(int)reader.BytesConsumed];
            }

            // Refuses anything but white space behind the object.
            reader.Read();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw NotOne();
        }

        AnswerKind kind = method is not null ? AnswerKind.Interim : hasResult ? AnswerKind.Result : hasError ? AnswerKind.Error : throw NotOne();
        return new UpstreamMessage(kind, json, id, method);
    }

    public bool Answers(ReadOnlySpan<byte> requestId) => IsAnswer && AnswerIds.IsSame(Id.Span, requestId);

    private static UpstreamAnswerException NotOne() => new("The server sent something that is not a JSON-RPC message.");
}
