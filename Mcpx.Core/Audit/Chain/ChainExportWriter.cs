using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Audit.Chain;

/// <summary>
/// A chain as lines of JSON: a head with the public key, what was signed, the links in their order, an end. One line is in
/// memory at a time. There is nothing in a line that its reader does not check.
/// </summary>
internal sealed class ChainExportWriter(Stream output) : IDisposable
{
    public const string Format = "mcpx-audit-chain";

    public const int Version = 1;

    private const int FlushAt = 64 << 10;

    // For files, not for pages: the text of a record stays readable.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly ArrayBufferWriter<byte> _buffer = new(FlushAt * 2);
    private readonly Utf8JsonWriter _json = new(Stream.Null, Options);
    private long _links;

    public async Task BeginAsync(OrganizationId organization, ChainAnchors anchors, AuditKey key, CancellationToken cancellationToken)
    {
        Line(json =>
        {
            json.WriteString("type", Format);
            json.WriteNumber("version", Version);
            json.WriteString("organization", organization.ToString());
            WriteTime(json, "begins", anchors.Begins);
            json.WriteStartObject("key");
            json.WriteString("id", key.Id);
            json.WriteString("algorithm", "ES256");
            json.WriteBase64String("publicKey", key.PublicKey);
            json.WriteEndObject();
        });
        foreach (ChainStub stub in anchors.Stubs) Line(json => Write(json, stub));
        foreach (ChainCheckpoint checkpoint in anchors.Checkpoints) Line(json => Write(json, checkpoint));
        await FlushAsync(cancellationToken);
    }

    public ValueTask WriteAsync(ChainRow row, CancellationToken cancellationToken)
    {
        _links++;
        Line(json => Write(json, row));
        return _buffer.WrittenCount < FlushAt ? ValueTask.CompletedTask : FlushAsync(cancellationToken);
    }

    public ValueTask EndAsync(CancellationToken cancellationToken)
    {
        Line(json =>
        {
            json.WriteString("type", "end");
            json.WriteNumber("links", _links);
        });
        return FlushAsync(cancellationToken);
    }

    public void Dispose() => _json.Dispose();

    /// <summary>Members of the object that is open.</summary>
    private static void Write(Utf8JsonWriter json, ChainCheckpoint checkpoint)
    {
        json.WriteString("type", "checkpoint");
        json.WriteNumber("sequence", checkpoint.Sequence);
        json.WriteString("link", Convert.ToHexStringLower(checkpoint.Link));
        WriteTime(json, "begins", checkpoint.Begins);
        WriteSignature(json, checkpoint);
    }

    private static void Write(Utf8JsonWriter json, ChainStub stub)
    {
        json.WriteString("type", "stub");
        json.WriteString("kind", stub.Kind is ChainStubKind.Period ? "period" : "payloads");
        json.WriteNumber("first", stub.First);
        json.WriteNumber("last", stub.Last);
        json.WriteString("before", Convert.ToHexStringLower(stub.Before));
        json.WriteString("link", Convert.ToHexStringLower(stub.Link));
        json.WriteNumber("calls", stub.Calls);
        json.WriteNumber("entries", stub.Entries);
        WriteTime(json, "from", stub.From);
        WriteTime(json, "to", stub.To);
        WriteSignature(json, stub);
    }

    private static void Write(Utf8JsonWriter json, ChainRow row)
    {
        ChainLink link = row.Link;
        json.WriteString("type", link.Kind is ChainKind.Call ? "call" : "entry");
        json.WriteNumber("sequence", link.Sequence);
        json.WriteString("id", link.Record);
        WriteTime(json, "time", link.Time);
        json.WriteNumber("version", link.Version);
        json.WriteString("link", Convert.ToHexStringLower(link.Link));
        json.WriteString("leaf", Convert.ToHexStringLower(link.Leaf));
        if (link.PayloadHash is null) json.WriteNull("payloadHash");
        else json.WriteString("payloadHash", Convert.ToHexStringLower(link.PayloadHash));
        Write(json, "record", row.Fields, ChainSchema.Record(link.Kind, link.Version));
        Write(json, "payload", row.Payload, ChainSchema.Payload(link.Version));
    }

    private static void Write(Utf8JsonWriter json, string name, ReadOnlyMemory<byte>? fields, IReadOnlyList<ChainColumn>? columns)
    {
        if (fields is not { } there || columns is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        ChainFields.ToJson(there.Span, columns, json);
        json.WriteEndObject();
    }

    private static void WriteSignature(Utf8JsonWriter json, ChainStatement statement)
    {
        WriteTime(json, "at", statement.At);
        json.WriteString("key", statement.KeyId);
        json.WriteString("signature", Convert.ToHexStringLower(statement.Signature));
    }

    private static void WriteTime(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } there) json.WriteString(name, ChainStatement.Word(there));
        else json.WriteNull(name);
    }

    private void Line(Action<Utf8JsonWriter> members)
    {
        _json.Reset(_buffer);
        _json.WriteStartObject();
        members(_json);
        _json.WriteEndObject();
        _json.Flush();
        _buffer.Write("\n"u8);
    }

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await output.WriteAsync(_buffer.WrittenMemory, cancellationToken);
        _buffer.ResetWrittenCount();
    }
}
