using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Audit.Chain;

/// <summary>
/// Verifies an export without the installation: by the public key in it, and whatever was kept of it elsewhere. A file is
/// foreign: whatever stands in it, the answer is a report.
/// </summary>
public static class ChainExportReader
{
    private const int LongestLine = 16 << 20;

    private static readonly JsonDocumentOptions NoDuplicates = new() { AllowDuplicateProperties = false };

    private static readonly byte[] NoSeal = new byte[ChainHash.Length];

    /// <param name="kept">Checkpoints of the same organisation that were taken away earlier, as lines of JSON or as the API answers them; null for none.</param>
    public static async Task<ChainReport> VerifyAsync(Stream export, Stream? kept, CancellationToken cancellationToken)
    {
        long line = 0;
        using StreamReader text = new(export);
        ChainVerifier? verifier = null;
        string keyId = "-";
        try
        {
            List<ChainCheckpoint> checkpoints = [];
            List<ChainStub> stubs = [];
            (OrganizationId organization, byte[] publicKey, DateTimeOffset? begins) = ReadHead(await NextAsync());
            keyId = AuditKey.IdOf(publicKey);
            if (kept is not null) checkpoints.AddRange(await ReadKeptAsync(kept, organization, cancellationToken));
            ArrayBufferWriter<byte> fields = new(), payload = new();
            long links = 0;
            while (true)
            {
                JsonElement json = await NextAsync();
                string type = Text(json, "type");
                if (type is "stub" or "checkpoint" && verifier is not null) throw new FormatException("What was signed stands before the links.");
                if (type == "stub") stubs.Add(ReadStub(json, organization));
                else if (type == "checkpoint") checkpoints.Add(ReadCheckpoint(json, organization));
                else if (verifier is null)
                {
                    verifier = new ChainVerifier(organization, new ChainAnchors(begins, checkpoints, stubs), publicKey, sealKey: null);
                    if (verifier.Begin() is { } wrong) return verifier.Report(wrong, before: null);
                }

                if (type is "call" or "entry")
                {
                    links++;
                    if (verifier!.Check(ReadRow(json, type, fields, payload)) is { } broken) return verifier.Report(broken, before: null);
                }
                else if (type == "end")
                {
                    if (Number(json, "links") != links || await text.ReadLineAsync(cancellationToken) is not null) throw new FormatException("The end does not count its links.");
                    return verifier!.Report(verifier.End(), before: null);
                }
                else if (type is not ("stub" or "checkpoint")) throw new FormatException($"There is no line of the type “{type}”.");
            }
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or CryptographicException or OverflowException or ArgumentException)
        {
            ChainFinding malformed = new(ChainFault.Malformed, null, null, null, null, string.Create(CultureInfo.InvariantCulture, $"Line {line} can't be read: {e.Message}"));
            return verifier?.Report(malformed, before: null) ?? new ChainReport(0, 0, 0, 0, null, null, 0, null, 0, 0, 0, null, keyId, malformed);
        }

        async Task<JsonElement> NextAsync()
        {
            line++;
            string next = await text.ReadLineAsync(cancellationToken) ?? throw new FormatException("The file ends before its end.");
            if (next.Length > LongestLine) throw new FormatException("It is too long.");
            return JsonElement.Parse(next, NoDuplicates);
        }
    }

    private static (OrganizationId Organization, byte[] PublicKey, DateTimeOffset? Begins) ReadHead(JsonElement json)
    {
        if (Text(json, "type") != ChainExportWriter.Format || Number(json, "version") != ChainExportWriter.Version) throw new FormatException("It is not the export of an audit chain.");
        JsonElement key = json.GetProperty("key");
        byte[] publicKey = key.GetProperty("publicKey").GetBytesFromBase64();
        if (Text(key, "id") != AuditKey.IdOf(publicKey)) throw new FormatException("The key is not the one that its id names.");
        return (OrganizationOf(json), publicKey, Time(json, "begins"));
    }

    private static async Task<IReadOnlyList<ChainCheckpoint>> ReadKeptAsync(Stream kept, OrganizationId organization, CancellationToken cancellationToken)
    {
        using JsonDocument document = await JsonDocument.ParseAsync(kept, default, cancellationToken);
        if (OrganizationOf(document.RootElement) != organization) throw new FormatException("The checkpoints are of another organisation.");
        return [.. document.RootElement.GetProperty("items").EnumerateArray().Select(c => ReadCheckpoint(c, organization))];
    }

    private static ChainCheckpoint ReadCheckpoint(JsonElement json, OrganizationId organization) =>
        new(organization, Number(json, "sequence"), Hash(json, "link"), Time(json, "begins"), Instant(json, "at"), Text(json, "key"), Convert.FromHexString(Text(json, "signature")));

    private static ChainStub ReadStub(JsonElement json, OrganizationId organization) => new(
        organization, Text(json, "kind") switch { "period" => ChainStubKind.Period, "payloads" => ChainStubKind.Payloads, _ => throw new FormatException("There is no such kind of stub.") },
        Number(json, "first"), Number(json, "last"), Hash(json, "before"), Hash(json, "link"), Number(json, "calls"), Number(json, "entries"), Instant(json, "from"), Instant(json, "to"),
        Instant(json, "at"), Text(json, "key"), Convert.FromHexString(Text(json, "signature")));

    private static ChainRow ReadRow(JsonElement json, string type, ArrayBufferWriter<byte> fields, ArrayBufferWriter<byte> payload)
    {
        ChainKind kind = type == "call" ? ChainKind.Call : ChainKind.Entry;
        short version = json.GetProperty("version").GetInt16();
        JsonElement record = json.GetProperty("record");
        // Beside the record for when it is gone; no hash covers them there.
        if (record.ValueKind is JsonValueKind.Object && (Text(record, "id") != Text(json, "id") || Text(record, "time") != Text(json, "time"))) throw new FormatException("A record is not the one that its line names.");
        ChainLink link = new(Number(json, "sequence"), kind, version, Guid.ParseExact(Text(json, "id"), "D"), Instant(json, "time"),
            json.GetProperty("payloadHash").ValueKind is JsonValueKind.Null ? null : Hash(json, "payloadHash"), Hash(json, "leaf"), Hash(json, "link"), NoSeal);
        return new ChainRow(link, Read(record, ChainSchema.Record(kind, version), fields), Read(json.GetProperty("payload"), ChainSchema.Payload(version), payload));
    }

    private static ReadOnlyMemory<byte>? Read(JsonElement json, IReadOnlyList<ChainColumn>? columns, ArrayBufferWriter<byte> fields)
    {
        if (json.ValueKind is JsonValueKind.Null || columns is null) return null;
        fields.ResetWrittenCount();
        ChainFields.FromJson(json, columns, fields);
        return fields.WrittenMemory;
    }

    private static OrganizationId OrganizationOf(JsonElement json) => OrganizationId.From(Guid.ParseExact(Text(json, "organization"), "D"));

    private static string Text(JsonElement json, string name) => Member(json, name).GetString() ?? throw new FormatException($"There is no {name}.");

    private static long Number(JsonElement json, string name) => Member(json, name).GetInt64();

    private static byte[] Hash(JsonElement json, string name) =>
        Convert.FromHexString(Text(json, name)) is { Length: ChainHash.Length } hash ? hash : throw new FormatException($"The {name} is no hash.");

    private static DateTimeOffset Instant(JsonElement json, string name) => Time(json, name) ?? throw new FormatException($"There is no {name}.");

    private static DateTimeOffset? Time(JsonElement json, string name) => Member(json, name) is { ValueKind: not JsonValueKind.Null } time ? time.GetDateTimeOffset() : null;

    private static JsonElement Member(JsonElement json, string name) =>
        json.ValueKind is JsonValueKind.Object && json.TryGetProperty(name, out JsonElement member) ? member : throw new FormatException($"There is no {name}.");
}
