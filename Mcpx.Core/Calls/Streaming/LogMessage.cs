using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Mcpx.Core.Audit;
using Mcpx.Core.Calls.Export;

namespace Mcpx.Core.Calls.Streaming;

/// <summary>What a line is about; in the line as <c>kind</c>, and of a syslog message the id.</summary>
public enum LogKind
{
    Call,

    /// <summary>An entry of the audit log.</summary>
    Entry,

    /// <summary>Somebody wants to see whether messages arrive.</summary>
    Test,
}

/// <summary>How urgent a message is; the numbers are syslog's (RFC 5424, section 6.2.1).</summary>
public enum LogSeverity
{
    Error = 3,
    Warning = 4,
    Notice = 5,
    Informational = 6,
}

/// <summary>One line on its way out.</summary>
/// <param name="Sequence">The record's number in the chain; 0 for what is no record.</param>
/// <param name="Time">When it happened.</param>
/// <param name="Line">A JSON object, without the line's end.</param>
public sealed record LogMessage(long Sequence, LogKind Kind, DateTimeOffset Time, LogSeverity Severity, ReadOnlyMemory<byte> Line)
{
    // No page has such a line in it, so only what JSON and the ends of lines ask for is escaped.
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Calls and entries as they stand in the chain, each made when it is asked for.</summary>
    public static IEnumerable<LogMessage> Of(LinkedCalls page, bool payloads)
    {
        ArrayBufferWriter<byte> output = new();
        using CallJson calls = new(output, payloads, NameOf(LogKind.Call));
        using Utf8JsonWriter entries = new(output, Readable);
        IEnumerable<(long Sequence, LinkedCall? Call, LinkedEntry? Entry)> records =
            [.. page.Calls.Select(c => (c.Sequence, (LinkedCall?)c, (LinkedEntry?)null)), .. page.Entries.Select(e => (e.Sequence, (LinkedCall?)null, (LinkedEntry?)e))];
        foreach ((long sequence, LinkedCall? call, LinkedEntry? entry) in records.OrderBy(r => r.Sequence))
        {
            output.ResetWrittenCount();
            if (call is not null)
            {
                calls.Write(call.Call);
                yield return new LogMessage(sequence, LogKind.Call, call.Call.Time, SeverityOf(call.Call.Outcome), output.WrittenSpan[..^1].ToArray());
            }
            else
            {
                Write(entries, output, entry!.Entry);
                yield return new LogMessage(sequence, LogKind.Entry, entry.Entry.Time, LogSeverity.Notice, output.WrittenSpan.ToArray());
            }
        }
    }

    /// <summary>A message that is about nothing.</summary>
    public static LogBatch Test(LogStream stream, DateTimeOffset now)
    {
        ArrayBufferWriter<byte> output = new();
        using Utf8JsonWriter json = new(output, Readable);
        json.WriteStartObject();
        json.WriteString("kind", NameOf(LogKind.Test));
        json.WriteString("time", now.UtcDateTime);
        json.WriteString("stream", stream.Name);
        json.WriteString("text", "A test message of mcpx: this log stream arrives.");
        json.WriteEndObject();
        json.Flush();
        return new LogBatch([new LogMessage(0, LogKind.Test, now, LogSeverity.Informational, output.WrittenMemory)], $"test-{Guid.CreateVersion7(now)}");
    }

    public static string NameOf(LogKind kind) => CallJson.Word(kind);

    /// <summary>The members of <c>GET /api/audit/changes</c>.</summary>
    private static void Write(Utf8JsonWriter json, IBufferWriter<byte> output, AdminEntry entry)
    {
        json.Reset(output);
        json.WriteStartObject();
        json.WriteString("kind", NameOf(LogKind.Entry));
        json.WriteString("id", entry.Id.Value);
        json.WriteString("time", entry.Time.UtcDateTime);
        json.WriteString("action", entry.Action);
        WriteNamed(json, "actor", CallJson.Word(entry.Actor.Kind), entry.Actor.Id, entry.Actor.Name);
        WriteNamed(json, "credential", CallJson.Word(entry.Origin.Credential.Kind), entry.Origin.Credential.Id, entry.Origin.Credential.Name);
        json.WriteString("address", entry.Origin.Address);
        json.WriteString("userAgent", entry.Origin.UserAgent);
        WriteNamed(json, "subject", entry.Subject.Kind, entry.Subject.Id, entry.Subject.Name);
        WriteObject(json, "before", entry.Before);
        WriteObject(json, "after", entry.After);
        json.WriteEndObject();
        json.Flush();
    }

    private static void WriteNamed(Utf8JsonWriter json, string member, string kind, Guid? id, string? name)
    {
        json.WriteStartObject(member);
        json.WriteString("kind", kind);
        if (id is { } value) json.WriteString("id", value);
        else json.WriteNull("id");
        json.WriteString("name", name);
        json.WriteEndObject();
    }

    /// <summary>Through the reader, which leaves no end of a line in it.</summary>
    private static void WriteObject(Utf8JsonWriter json, string member, string? text)
    {
        json.WritePropertyName(member);
        if (text is null) json.WriteNullValue();
        else JsonElement.Parse(text).WriteTo(json);
    }

    /// <summary>What a person at a console would want to see: refusals as warnings, failures as errors.</summary>
    private static LogSeverity SeverityOf(CallOutcome outcome) => outcome switch
    {
        CallOutcome.Ok => LogSeverity.Informational,
        CallOutcome.UpstreamError or CallOutcome.Timeout or CallOutcome.Interrupted => LogSeverity.Error,
        _ => LogSeverity.Warning,
    };
}
