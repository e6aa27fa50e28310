using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Mcpx.Core.Audit.Chain;

/// <summary>
/// The values of a record in the form that is hashed, PostgreSQL's binary one: each with its length in front, -1 for none.
/// Here it becomes JSON and comes back from it without loss.
/// </summary>
internal static class ChainFields
{
    private const int Null = -1;

    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly DateTime Epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>Writes the fields as members of the object that is open.</summary>
    public static void ToJson(ReadOnlySpan<byte> fields, IReadOnlyList<ChainColumn> columns, Utf8JsonWriter json)
    {
        foreach (ChainColumn column in columns)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(fields);
            fields = fields[sizeof(int)..];
            if (length == Null)
            {
                json.WriteNull(column.Name);
                continue;
            }

            ReadOnlySpan<byte> value = fields[..length];
            fields = fields[length..];
            switch (column.Type)
            {
                case ChainType.Text: json.WriteString(column.Name, value); break;
                case ChainType.Uuid: json.WriteString(column.Name, new Guid(value, bigEndian: true)); break;
                case ChainType.Int16: json.WriteNumber(column.Name, BinaryPrimitives.ReadInt16BigEndian(value)); break;
                case ChainType.Int32: json.WriteNumber(column.Name, BinaryPrimitives.ReadInt32BigEndian(value)); break;
                case ChainType.Int64: json.WriteNumber(column.Name, BinaryPrimitives.ReadInt64BigEndian(value)); break;
                case ChainType.Boolean: json.WriteBoolean(column.Name, value[0] != 0); break;
                case ChainType.Timestamp: json.WriteString(column.Name, TextOf(BinaryPrimitives.ReadInt64BigEndian(value))); break;
                default: json.WriteString(column.Name, Convert.ToHexStringLower(value)); break;
            }
        }
    }

    /// <summary>The way back. Every column must be there, and nothing else: what is not hashed would not be verified.</summary>
    /// <exception cref="FormatException">It is not what <see cref="ToJson"/> writes.</exception>
    public static void FromJson(JsonElement json, IReadOnlyList<ChainColumn> columns, ArrayBufferWriter<byte> fields)
    {
        if (json.ValueKind is not JsonValueKind.Object || json.GetPropertyCount() != columns.Count) throw new FormatException($"A record has other than its {columns.Count} members.");
        foreach (ChainColumn column in columns)
        {
            if (!json.TryGetProperty(column.Name, out JsonElement value)) throw new FormatException($"A record has no {column.Name}.");
            try
            {
                Write(column.Type, value, fields);
            }
            catch (Exception e) when (e is InvalidOperationException or FormatException or EncoderFallbackException or OverflowException)
            {
                throw new FormatException($"A record's {column.Name} can't be read.", e);
            }
        }
    }

    private static void Write(ChainType type, JsonElement value, ArrayBufferWriter<byte> fields)
    {
        if (value.ValueKind is JsonValueKind.Null)
        {
            Length(fields, Null);
            return;
        }

        switch (type)
        {
            case ChainType.Text: Bytes(fields, StrictUtf8.GetBytes(value.GetString()!)); break;
            case ChainType.Uuid: Bytes(fields, Guid.ParseExact(value.GetString()!, "D").ToByteArray(bigEndian: true)); break;
            case ChainType.Int16: BinaryPrimitives.WriteInt16BigEndian(Take(fields, sizeof(short)), value.GetInt16()); break;
            case ChainType.Int32: BinaryPrimitives.WriteInt32BigEndian(Take(fields, sizeof(int)), value.GetInt32()); break;
            case ChainType.Int64: BinaryPrimitives.WriteInt64BigEndian(Take(fields, sizeof(long)), value.GetInt64()); break;
            case ChainType.Boolean: Take(fields, 1)[0] = value.GetBoolean() ? (byte)1 : (byte)0; break;
            case ChainType.Timestamp: BinaryPrimitives.WriteInt64BigEndian(Take(fields, sizeof(long)), MicrosecondsOf(value.GetString()!)); break;
            default: Bytes(fields, Convert.FromHexString(value.GetString()!)); break;
        }
    }

    /// <summary>Far beyond any clock PostgreSQL still has instants, and two that mean none: as numbers they go there and back.</summary>
    private static string TextOf(long microseconds) =>
        microseconds > (DateTime.MinValue - Epoch).Ticks / TimeSpan.TicksPerMicrosecond && microseconds < (DateTime.MaxValue - Epoch).Ticks / TimeSpan.TicksPerMicrosecond
            ? Epoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond).ToString(TimeFormat, CultureInfo.InvariantCulture)
            : microseconds.ToString(CultureInfo.InvariantCulture);

    private static long MicrosecondsOf(string text) =>
        DateTime.TryParseExact(text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out DateTime time)
            ? (time - Epoch).Ticks / TimeSpan.TicksPerMicrosecond
            : long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private static void Bytes(ArrayBufferWriter<byte> fields, ReadOnlySpan<byte> value) => value.CopyTo(Take(fields, value.Length));

    private static Span<byte> Take(ArrayBufferWriter<byte> fields, int count)
    {
        Length(fields, count);
        Span<byte> taken = fields.GetSpan(count)[..count];
        fields.Advance(count);
        return taken;
    }

    private static void Length(ArrayBufferWriter<byte> fields, int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(fields.GetSpan(sizeof(int)), length);
        fields.Advance(sizeof(int));
    }
}
