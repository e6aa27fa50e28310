using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Mcpx.Core.Redaction;

namespace Mcpx.Core.Calls.Export;

/// <summary>
/// Calls as JSON Lines: an object a line, with the members of <c>GET /api/calls</c>, and with payloads those of
/// <c>GET /api/calls/{id}</c>. Nothing is lost: reading a line back gives the call.
/// </summary>
/// <param name="kind">The line's first member, where lines are of several kinds.</param>
public sealed class CallJson(IBufferWriter<byte> output, bool payloads, string? kind = null) : ICallWriter
{
    public const string Utf8 = "utf-8";
    public const string Base64 = "base64";

    private const decimal MicrosecondsPerMillisecond = 1000;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    // No page has such a line in it, so only what JSON and the ends of lines ask for is escaped.
    private readonly Utf8JsonWriter _json = new(output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public void Begin()
    {
    }

    public void Dispose() => _json.Dispose();

    public void Write(CallRecord call)
    {
        _json.Reset(output);
        _json.WriteStartObject();
        if (kind is not null) _json.WriteString("kind", kind);
        WriteMembers(call);
        if (payloads) WritePayloads(call);
        _json.WriteEndObject();
        _json.Flush();
        output.Write("\n"u8);
    }

    /// <summary>The payload's encoding and body: as text where the bytes are UTF-8, else as base64.</summary>
    public static (string Encoding, string Body) Encode(ReadOnlyMemory<byte> payload)
    {
        try
        {
            return (Utf8, StrictUtf8.GetString(payload.Span));
        }
        catch (DecoderFallbackException)
        {
            return (Base64, Convert.ToBase64String(payload.Span));
        }
    }

    private void WriteMembers(CallRecord c)
    {
        _json.WriteString("id", c.Id.ToString());
        _json.WriteString("time", c.Time.UtcDateTime);
        _json.WriteString("endpoint", c.Endpoint);
        Text("server", c.Server?.ToString());
        Text("serverSlug", c.ServerSlug);
        Text("gateway", c.Gateway?.ToString());
        Text("gatewaySlug", c.GatewaySlug);
        Text("user", c.User?.ToString());
        Text("userName", c.UserName);
        Text("token", c.Token?.ToString());
        Text("tokenName", c.TokenName);
        Text("serviceAccount", c.ServiceAccount?.ToString());
        Text("serviceAccountName", c.ServiceAccountName);
        Text("clientName", c.ClientName);
        Text("clientVersion", c.ClientVersion);
        Text("era", Word(c.Era));
        Text("method", c.Method);
        Text("tool", c.Tool);
        Text("upstreamTool", c.UpstreamTool);
        Text("outcome", Word(c.Outcome));
        _json.WriteNumber("status", c.Status);
        Text("rule", c.Rule);
        Text("wouldRule", c.WouldRule);
        Text("reason", c.Reason);
        _json.WriteNumber("totalMilliseconds", c.TotalMicroseconds / MicrosecondsPerMillisecond);
        _json.WriteNumber("upstreamMilliseconds", c.UpstreamMicroseconds / MicrosecondsPerMillisecond);
        if (c.FirstByteMicroseconds == 0) _json.WriteNull("firstByteMilliseconds");
        else _json.WriteNumber("firstByteMilliseconds", c.FirstByteMicroseconds / MicrosecondsPerMillisecond);
        Text("traceId", c.TraceId);
        Text("firstRound", c.FirstRound?.ToString());
        _json.WriteNumber("requestBytes", c.RequestBytes);
        _json.WriteNumber("responseBytes", c.ResponseBytes);
    }

    private void WritePayloads(CallRecord c)
    {
        Payload("request", c.Request);
        Payload("response", c.Response);
        _json.WriteBoolean("truncated", c.Truncated);
        Text("payloads", c.Payloads is { } mode ? Word(mode) : null);
        Text("requestDigest", c.RequestDigest is { } request ? Convert.ToHexStringLower(request) : null);
        Text("responseDigest", c.ResponseDigest is { } response ? Convert.ToHexStringLower(response) : null);
        _json.WriteStartArray("redactions");
        foreach (RedactionFinding finding in c.Redactions)
        {
            _json.WriteStartObject();
            Text("part", Word(finding.Part));
            Text("rule", finding.Rule);
            Text("effect", Word(finding.Effect));
            _json.WriteNumber("count", finding.Count);
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
    }

    private void Payload(string name, ReadOnlyMemory<byte>? payload)
    {
        if (payload is not { } bytes)
        {
            _json.WriteNull(name);
            return;
        }

        (string encoding, string body) = Encode(bytes);
        _json.WriteStartObject(name);
        _json.WriteString("encoding", encoding);
        _json.WriteString("body", body);
        _json.WriteEndObject();
    }

    private void Text(string name, string? value)
    {
        if (value is null) _json.WriteNull(name);
        else _json.WriteString(name, value);
    }

    internal static string Word<TEnum>(TEnum value) where TEnum : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
