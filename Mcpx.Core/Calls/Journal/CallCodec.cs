using System.Buffers.Binary;
using System.Text;
using Mcpx.Core.Primitives;
using Mcpx.Core.Redaction;

namespace Mcpx.Core.Calls.Journal;

/// <summary>
/// A call as bytes: version, then fields of number, length and value in any order. Absent is null. An older version skips
/// what it does not know, so that a journal survives going back a release.
/// </summary>
internal static class CallCodec
{
    private const byte Version = 1;

    /// <summary>A number and a length of five bytes at most stand before each value.</summary>
    private const int MostFieldOverhead = 6;
    private const int MostUtf8PerChar = 3;
    private const int FixedSize = 512;

    /// <summary>The numbers are on disk: never reuse one.</summary>
    private enum Field : byte
    {
        Id = 1,
        Time = 2,
        Organization = 3,
        Endpoint = 4,
        Server = 5,
        ServerSlug = 6,
        Gateway = 7,
        GatewaySlug = 8,
        User = 9,
        UserName = 10,
        Token = 11,
        TokenName = 12,
        ServiceAccount = 13,
        ServiceAccountName = 14,
        ClientName = 15,
        ClientVersion = 16,
        Era = 17,
        Method = 18,
        Tool = 19,
        UpstreamTool = 20,
        Outcome = 21,
        Status = 22,
        Rule = 23,
        Reason = 24,
        TotalMicroseconds = 25,
        UpstreamMicroseconds = 26,
        RequestBytes = 27,
        ResponseBytes = 28,
        Request = 29,
        Response = 30,
        Truncated = 31,
        WouldRule = 32,
        Stage = 33,
        FirstByteMicroseconds = 34,
        TraceId = 35,
        FirstRound = 36,
        Payloads = 37,
        RequestDigest = 38,
        ResponseDigest = 39,

        /// <summary>One more than the last.</summary>
        Count,
    }

    /// <summary>No call takes more bytes than this.</summary>
    public static int BoundOf(CallRecord call)
    {
        int texts = Length(call.Endpoint) + Length(call.ServerSlug) + Length(call.GatewaySlug) + Length(call.UserName) + Length(call.TokenName)
            + Length(call.ServiceAccountName) + Length(call.ClientName) + Length(call.ClientVersion) + Length(call.Method) + Length(call.Tool)
            + Length(call.UpstreamTool) + Length(call.Rule) + Length(call.Reason) + Length(call.WouldRule) + Length(call.TraceId);
        return FixedSize + MostFieldOverhead * (int)Field.Count + MostUtf8PerChar * texts + (call.Request?.Length ?? 0) + (call.Response?.Length ?? 0);
    }

    /// <summary>Writes the call and returns how many bytes it took, <see cref="BoundOf"/> at most.</summary>
    public static int Write(CallRecord call, Span<byte> destination)
    {
        Writer writer = new(destination);
        writer.Id(Field.Id, call.Id.Value);
        writer.Number(Field.Time, call.Time.UtcTicks);
        writer.Id(Field.Organization, call.Organization.Value);
        writer.Text(Field.Endpoint, call.Endpoint);
        writer.Id(Field.Server, call.Server?.Value);
        writer.Text(Field.ServerSlug, call.ServerSlug);
        writer.Id(Field.Gateway, call.Gateway?.Value);
        writer.Text(Field.GatewaySlug, call.GatewaySlug);
        writer.Id(Field.User, call.User?.Value);
        writer.Text(Field.UserName, call.UserName);
        writer.Id(Field.Token, call.Token?.Value);
        writer.Text(Field.TokenName, call.TokenName);
        writer.Id(Field.ServiceAccount, call.ServiceAccount?.Value);
        writer.Text(Field.ServiceAccountName, call.ServiceAccountName);
        writer.Text(Field.ClientName, call.ClientName);
        writer.Text(Field.ClientVersion, call.ClientVersion);
        writer.Number(Field.Era, (long)call.Era);
        writer.Text(Field.Method, call.Method);
        writer.Text(Field.Tool, call.Tool);
        writer.Text(Field.UpstreamTool, call.UpstreamTool);
        writer.Number(Field.Outcome, (long)call.Outcome);
        writer.Number(Field.Status, call.Status);
        writer.Text(Field.Rule, call.Rule);
        writer.Text(Field.Reason, call.Reason);
        writer.Number(Field.TotalMicroseconds, call.TotalMicroseconds);
        writer.Number(Field.UpstreamMicroseconds, call.UpstreamMicroseconds);
        writer.Number(Field.RequestBytes, call.RequestBytes);
        writer.Number(Field.ResponseBytes, call.ResponseBytes);
        writer.Bytes(Field.Request, call.Request);
        writer.Bytes(Field.Response, call.Response);
        writer.Number(Field.Truncated, call.Truncated ? 1 : 0);
        writer.Text(Field.WouldRule, call.WouldRule);
        writer.Number(Field.Stage, (long)call.Stage);
        writer.Number(Field.FirstByteMicroseconds, call.FirstByteMicroseconds);
        writer.Text(Field.TraceId, call.TraceId);
        writer.Id(Field.FirstRound, call.FirstRound?.Value);
        if (call.Payloads is { } payloads) writer.Number(Field.Payloads, (long)payloads);
        writer.Bytes(Field.RequestDigest, call.RequestDigest);
        writer.Bytes(Field.ResponseDigest, call.ResponseDigest);
        return writer.Length;
    }

    /// <exception cref="FormatException">The bytes are no call, or one of a version that this one does not know.</exception>
    /// <param name="texts">Of the calls that were read before.</param>
    /// <returns>Its payloads stand in <paramref name="bytes"/>.</returns>
    public static CallRecord Read(ReadOnlyMemory<byte> bytes, RepeatedTexts texts)
    {
        Fields fields = new(bytes, stackalloc Range[(int)Field.Count], texts);
        return new CallRecord
        {
            Id = CallId.From(fields.Id(Field.Id) ?? throw Missing(Field.Id)),
            Time = fields.Time(Field.Time),
            Organization = OrganizationId.From(fields.Id(Field.Organization) ?? throw Missing(Field.Organization)),
            Endpoint = fields.Text(Field.Endpoint) ?? throw Missing(Field.Endpoint),
            Server = fields.Id(Field.Server) is { } server ? ServerId.From(server) : null,
            ServerSlug = fields.Text(Field.ServerSlug),
            Gateway = fields.Id(Field.Gateway) is { } gateway ? GatewayId.From(gateway) : null,
            GatewaySlug = fields.Text(Field.GatewaySlug),
            User = fields.Id(Field.User) is { } user ? UserId.From(user) : null,
            UserName = fields.Text(Field.UserName),
            Token = fields.Id(Field.Token) is { } token ? TokenId.From(token) : null,
            TokenName = fields.Text(Field.TokenName),
            ServiceAccount = fields.Id(Field.ServiceAccount) is { } account ? ServiceAccountId.From(account) : null,
            ServiceAccountName = fields.Text(Field.ServiceAccountName),
            ClientName = fields.Text(Field.ClientName),
            ClientVersion = fields.Text(Field.ClientVersion),
            Era = (ProtocolEra)fields.Number(Field.Era),
            Method = fields.Text(Field.Method),
            Tool = fields.Text(Field.Tool),
            UpstreamTool = fields.Text(Field.UpstreamTool),
            Outcome = (CallOutcome)fields.Number(Field.Outcome),
            Status = (int)fields.Number(Field.Status),
            Rule = fields.Text(Field.Rule),
            Reason = fields.Text(Field.Reason),
            TotalMicroseconds = fields.Number(Field.TotalMicroseconds),
            UpstreamMicroseconds = fields.Number(Field.UpstreamMicroseconds),
            RequestBytes = (int)fields.Number(Field.RequestBytes),
            ResponseBytes = fields.Number(Field.ResponseBytes),
            Request = fields.Bytes(Field.Request),
            Response = fields.Bytes(Field.Response),
            Truncated = fields.Number(Field.Truncated) != 0,
            WouldRule = fields.Text(Field.WouldRule),
            Stage = (RecordStage)fields.Number(Field.Stage),
            FirstByteMicroseconds = fields.Number(Field.FirstByteMicroseconds),
            TraceId = fields.Text(Field.TraceId),
            FirstRound = fields.Id(Field.FirstRound) is { } first ? CallId.From(first) : null,
            Payloads = fields.Has(Field.Payloads) ? (PayloadMode)fields.Number(Field.Payloads) : null,
            RequestDigest = fields.Bytes(Field.RequestDigest)?.ToArray(),
            ResponseDigest = fields.Bytes(Field.ResponseDigest)?.ToArray(),
        };
    }

    private static int Length(string? text) => text?.Length ?? 0;

    private static FormatException Missing(Field field) => new($"A call without {field}.");

    private ref struct Writer
    {
        private readonly Span<byte> _destination;
        private int _used;

        public Writer(Span<byte> destination)
        {
            _destination = destination;
            _destination[0] = Version;
            _used = 1;
        }

        public readonly int Length => _used;

        public void Id(Field field, Guid? value)
        {
            if (value is not { } id) return;
            Begin(field, 16);
            id.TryWriteBytes(_destination[_used..], bigEndian: true, out int written);
            _used += written;
        }

        public void Number(Field field, long value)
        {
            Begin(field, sizeof(long));
            BinaryPrimitives.WriteInt64LittleEndian(_destination[_used..], value);
            _used += sizeof(long);
        }

        public void Text(Field field, string? value)
        {
            if (value is null) return;
            Begin(field, Encoding.UTF8.GetByteCount(value));
            _used += Encoding.UTF8.GetBytes(value, _destination[_used..]);
        }

        public void Bytes(Field field, byte[]? value)
        {
            if (value is not null) Bytes(field, (ReadOnlyMemory<byte>?)value);
        }

        public void Bytes(Field field, ReadOnlyMemory<byte>? value)
        {
            if (value is not { } bytes) return;
            Begin(field, bytes.Length);
            bytes.Span.CopyTo(_destination[_used..]);
            _used += bytes.Length;
        }

        /// <summary>The length as a base-128 number, low part first.</summary>
        private void Begin(Field field, int length)
        {
            _destination[_used++] = (byte)field;
            uint left = (uint)length;
            for (; left >= 0x80; left >>= 7) _destination[_used++] = (byte)(left | 0x80);
            _destination[_used++] = (byte)left;
        }
    }

    /// <summary>Where each field's value is. Numbers that are not known are passed over.</summary>
    private readonly ref struct Fields
    {
        private readonly ReadOnlyMemory<byte> _memory;
        private readonly ReadOnlySpan<byte> _bytes;
        private readonly Span<Range> _places;
        private readonly RepeatedTexts _texts;

        public Fields(ReadOnlyMemory<byte> memory, Span<Range> places, RepeatedTexts texts)
        {
            ReadOnlySpan<byte> bytes = memory.Span;
            if (bytes.IsEmpty || bytes[0] != Version) throw new FormatException("Not a call of a known version.");
            _memory = memory;
            _bytes = bytes;
            _places = places;
            _texts = texts;
            _places.Clear();
            for (int at = 1; at < bytes.Length;)
            {
                byte field = bytes[at++];
                int length = ReadLength(bytes, ref at);
                if (length < 0 || length > bytes.Length - at) throw new FormatException("A field is longer than its call.");
                if (field < places.Length) places[field] = at..(at + length);
                at += length;
            }
        }

        public Guid? Id(Field field) => Value(field) is { Length: 16 } value ? new Guid(value, bigEndian: true) : null;

        public long Number(Field field) => Value(field) is { Length: sizeof(long) } value ? BinaryPrimitives.ReadInt64LittleEndian(value) : 0;

        public DateTimeOffset Time(Field field) => Number(field) is var ticks && ticks >= DateTimeOffset.MinValue.Ticks && ticks <= DateTimeOffset.MaxValue.Ticks
            ? new DateTimeOffset(ticks, TimeSpan.Zero)
            : throw new FormatException($"A call whose {field} is none.");

        public string? Text(Field field) => Has(field) ? _texts.Of(Value(field)) : null;

        // The type is named: see CallRecord.
        public ReadOnlyMemory<byte>? Bytes(Field field) => Has(field) ? (ReadOnlyMemory<byte>?)_memory[_places[(int)field]] : null;

        /// <summary>No value begins where the version stands.</summary>
        public bool Has(Field field) => _places[(int)field].Start.Value > 0;

        private ReadOnlySpan<byte> Value(Field field) => _bytes[_places[(int)field]];

        private static int ReadLength(ReadOnlySpan<byte> bytes, ref int at)
        {
            uint value = 0;
            for (int shift = 0; shift < 35 && at < bytes.Length; shift += 7)
            {
                byte next = bytes[at++];
                value |= (uint)(next & 0x7f) << shift;
                if (next < 0x80) return (int)value;
            }

            return -1;
        }
    }
}
