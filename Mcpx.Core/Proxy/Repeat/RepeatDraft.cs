using System.Text;
using System.Text.Json;
using Mcpx.Core.Calls;
using Mcpx.Core.Redaction;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy.Repeat;

/// <summary>What of a recorded call would be sent again.</summary>
/// <param name="Method">One of <see cref="Methods"/>.</param>
/// <param name="Target">The tool or prompt by its name, or the resource by its URI, as the endpoint shows it.</param>
/// <param name="Arguments">A JSON object; null where there were none, or nothing of them is known.</param>
/// <param name="Doubt">Why the call can't be sent as it was; null when it can.</param>
public sealed record RepeatDraft(string Method, string Target, string? Arguments, string? Doubt)
{
    /// <summary>What names a thing of a server and asks something of it. The others open, list, or answer to something of their moment.</summary>
    public static IReadOnlyList<string> Methods { get; } = [RequestMethods.ToolsCall, RequestMethods.PromptsGet, RequestMethods.ResourcesRead];

    /// <summary>Resources are read without any.</summary>
    public bool TakesArguments => Method != RequestMethods.ResourcesRead;

    /// <summary>Null for a call that can't be run again at all.</summary>
    /// <param name="call">With what the reader may see of its payloads.</param>
    public static RepeatDraft? From(CallRecord call)
    {
        if (call.Method is not { } method || !Methods.Contains(method) || call.Tool is not { Length: > 0 } target || call.Server is null && call.Gateway is null) return null;
        if (method == RequestMethods.ResourcesRead) return new RepeatDraft(method, target, null, call.Redactions.Any(f => f.Part is RecordPart.Details) ? Masked : null);
        if (call.Request is not { } request) return new RepeatDraft(method, target, null, "What it was called with is not on record, or not for you to see.");
        if (call.Truncated && request.Length < call.RequestBytes) return new RepeatDraft(method, target, null, "Only the beginning of what it was called with is on record.");
        return TryReadArguments(request, out string? arguments)
            ? new RepeatDraft(method, target, arguments, call.Redactions.Any(f => f.Part is RecordPart.Request) ? Masked : null)
            : new RepeatDraft(method, target, null, "What is on record of it is no JSON any more.");
    }

    private const string Masked = "Some of its values are masked on record: put in what they were, or what you want to try instead.";

    /// <summary>The member <c>params.arguments</c>, indented; null when the message has none.</summary>
    private static bool TryReadArguments(ReadOnlyMemory<byte> message, out string? arguments)
    {
        arguments = null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(message);
            if (document.RootElement.ValueKind is not JsonValueKind.Object || !document.RootElement.TryGetProperty("params", out JsonElement parameters)) return false;
            if (parameters.ValueKind is not JsonValueKind.Object) return false;
            if (!parameters.TryGetProperty("arguments", out JsonElement given)) return true;
            if (given.ValueKind is not JsonValueKind.Object) return false;
            arguments = Indented(given);
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Numbers and texts stay as they were written.</summary>
    private static string Indented(JsonElement value)
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter writer = new(text, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            value.WriteTo(writer);
        return Encoding.UTF8.GetString(text.ToArray());
    }
}
