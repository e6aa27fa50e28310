using System.Buffers;
using System.Globalization;
using System.Text;

namespace Mcpx.Core.Calls.Export;

/// <summary>
/// Calls as CSV (RFC 4180): a line of names, then a line a call. Spreadsheets run what looks like a formula, and agents
/// choose what stands in a tool's name; so a cell that would begin with one, white space and quotes aside, begins with an
/// apostrophe, as does one that began with an apostrophe: who takes one away has the text as it was.
/// </summary>
internal sealed class CallCsv(IBufferWriter<byte> output, bool payloads) : ICallWriter
{
    private const char Escape = '\'';

    private const decimal MicrosecondsPerMillisecond = 1000;

    private static readonly (string Name, Func<CallRecord, string?> Value)[] Columns =
    [
        ("id", c => c.Id.ToString()), ("time", c => c.Time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture)), ("endpoint", c => c.Endpoint),
        ("server", c => c.Server?.ToString()), ("serverSlug", c => c.ServerSlug), ("gateway", c => c.Gateway?.ToString()), ("gatewaySlug", c => c.GatewaySlug),
        ("user", c => c.User?.ToString()), ("userName", c => c.UserName), ("token", c => c.Token?.ToString()), ("tokenName", c => c.TokenName),
        ("serviceAccount", c => c.ServiceAccount?.ToString()), ("serviceAccountName", c => c.ServiceAccountName), ("clientName", c => c.ClientName), ("clientVersion", c => c.ClientVersion),
        ("era", c => CallJson.Word(c.Era)), ("method", c => c.Method), ("tool", c => c.Tool), ("upstreamTool", c => c.UpstreamTool), ("outcome", c => CallJson.Word(c.Outcome)),
        ("status", c => Number(c.Status)), ("rule", c => c.Rule), ("wouldRule", c => c.WouldRule), ("reason", c => c.Reason),
        ("totalMilliseconds", c => Milliseconds(c.TotalMicroseconds)), ("upstreamMilliseconds", c => Milliseconds(c.UpstreamMicroseconds)),
        ("firstByteMilliseconds", c => c.FirstByteMicroseconds == 0 ? null : Milliseconds(c.FirstByteMicroseconds)),
        ("traceId", c => c.TraceId), ("firstRound", c => c.FirstRound?.ToString()), ("requestBytes", c => Number(c.RequestBytes)), ("responseBytes", c => Number(c.ResponseBytes)),
    ];

    private static readonly (string Name, Func<CallRecord, string?> Value)[] PayloadColumns =
    [
        ("requestEncoding", c => c.Request is { } r ? CallJson.Encode(r).Encoding : null), ("request", c => c.Request is { } r ? CallJson.Encode(r).Body : null),
        ("responseEncoding", c => c.Response is { } r ? CallJson.Encode(r).Encoding : null), ("response", c => c.Response is { } r ? CallJson.Encode(r).Body : null),
        ("truncated", c => c.Truncated ? "true" : "false"),
    ];

    private readonly (string Name, Func<CallRecord, string?> Value)[] _columns = payloads ? [.. Columns, .. PayloadColumns] : Columns;

    private readonly StringBuilder _line = new();

    public void Begin() => WriteLine(column => column.Name);

    public void Write(CallRecord call) => WriteLine(column => column.Value(call));

    public void Dispose() => _line.Clear();

    /// <summary>The cell's text, harmless; not in quotes yet.</summary>
    internal static string Guard(string text)
    {
        foreach (char c in text)
        {
            if (c is '=' or '+' or '-' or '@' or '\t' or '\r' or '\uFF1D' or '\uFF0B' or '\uFF0D' or '\uFF20' or Escape) return Escape + text;
            // What a spreadsheet may trim or take for a quote before it looks.
            if (!IsPassedOver(c)) return text;
        }

        return text;
    }

    private static bool IsPassedOver(char c) =>
        c is '"' or '`' or '\u2018' or '\u2019' or '\u201C' or '\u201D' or '\uFF02' || char.IsWhiteSpace(c) || char.IsControl(c) || char.GetUnicodeCategory(c) is UnicodeCategory.Format;

    private void WriteLine(Func<(string Name, Func<CallRecord, string?> Value), string?> cell)
    {
        _line.Clear();
        for (int i = 0; i < _columns.Length; i++)
        {
            if (i > 0) _line.Append(',');
            Append(Guard(cell(_columns[i]) ?? ""));
        }

        _line.Append("\r\n");
        // As one: a chunk of the builder may end within a pair.
        Encoding.UTF8.GetBytes(_line.ToString(), output);
    }

    private void Append(string text)
    {
        if (text.AsSpan().IndexOfAny("\",\r\n") < 0 && text.AsSpan().Trim().Length == text.Length)
        {
            _line.Append(text);
            return;
        }

        _line.Append('"').Append(text).Replace("\"", "\"\"", _line.Length - text.Length, text.Length).Append('"');
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Milliseconds(long microseconds) => (microseconds / MicrosecondsPerMillisecond).ToString(CultureInfo.InvariantCulture);
}
