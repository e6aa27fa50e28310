using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using Mcpx.Core.Audit.Chain;
using Mcpx.Data.Calls;
using Npgsql;

namespace Mcpx.Data.Audit.Chain;

/// <summary>
/// Links beside their records in PostgreSQL's binary COPY format, which is the form that is hashed: the bytes of a row go
/// from the server into the hash without becoming values. Payloads are hashed on the server, and stay there.
/// </summary>
internal static class ChainCopy
{
    private const int LinkFields = 9;
    private const int HeaderBytes = 19;
    private const int Null = -1;

    private static readonly DateTime Epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private static readonly string CallColumns = Prefixed("c", CallCopy.CallColumns);

    private static readonly string PayloadColumns = Prefixed("p", CallCopy.PayloadColumns)
        .Replace("p.request,", "sha256(p.request),", StringComparison.Ordinal).Replace("p.response,", "sha256(p.response),", StringComparison.Ordinal);

    private static readonly string EntryColumns = string.Join(", ", ChainSchema.Record(ChainKind.Entry, ChainSchema.Newest)!.Select(c => "e." + c.Name));

    private static readonly int CallFields = CallCopy.CallColumns.Split(',').Length;

    private static readonly int PayloadFields = CallCopy.PayloadColumns.Split(',').Length;

    /// <param name="from">The oldest time of a record of the page: it spares the partitions of other days.</param>
    public static async IAsyncEnumerable<ChainRow> ReadAsync(
        NpgsqlConnection connection, long first, long last, DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // COPY takes no parameters; these are numbers and instants.
        string within = string.Create(CultureInfo.InvariantCulture, $"BETWEEN '{from.UtcDateTime:yyyy-MM-dd HH:mm:ss.ffffff}+00' AND '{to.UtcDateTime:yyyy-MM-dd HH:mm:ss.ffffff}+00'");
        string sql = string.Create(CultureInfo.InvariantCulture, $"""
            COPY (SELECT l.seq, l.kind, l.version, l.record_id, l.time, l.payload_hash, l.leaf, l.link, l.seal, {CallColumns}, {PayloadColumns}, {EntryColumns}
                FROM audit_links l
                LEFT JOIN tenant_calls c ON l.kind = 1 AND c.id = l.record_id AND c.time = l.time AND c.time {within}
                LEFT JOIN tenant_payloads_linked({first}, {last}) p ON l.kind = 1 AND p.id = l.record_id AND p.time = l.time
                LEFT JOIN admin_entries e ON l.kind = 2 AND e.id = l.record_id AND e.time = l.time AND e.time {within}
                WHERE l.org_id = mcpx_org() AND l.seq BETWEEN {first} AND {last} ORDER BY l.seq) TO STDOUT (FORMAT BINARY)
            """);
        // What lies behind a barrier is not looked up by key: a page's records are read once and hashed. Of a day that PostgreSQL
        // has no statistics of yet it takes there to be one row, and would read all of them for each link.
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (NpgsqlCommand byIndex = new("SET LOCAL enable_nestloop = off", connection)) await byIndex.ExecuteNonQueryAsync(cancellationToken);
        await using NpgsqlRawCopyStream copy = await connection.BeginRawBinaryCopyAsync(sql, cancellationToken);
        using Tuples tuples = new(copy);
        await tuples.SkipAsync(HeaderBytes, cancellationToken);
        while (await tuples.NextAsync(cancellationToken)) yield return Row(tuples);
    }

    private static ChainRow Row(Tuples tuple)
    {
        ChainKind kind = (ChainKind)BinaryPrimitives.ReadInt16BigEndian(tuple.Value(1));
        short version = BinaryPrimitives.ReadInt16BigEndian(tuple.Value(2));
        ChainLink link = new(
            BinaryPrimitives.ReadInt64BigEndian(tuple.Value(0)), kind, version, new Guid(tuple.Value(3), bigEndian: true),
            new DateTimeOffset(Epoch.AddTicks(BinaryPrimitives.ReadInt64BigEndian(tuple.Value(4)) * TimeSpan.TicksPerMicrosecond)),
            tuple.IsNull(5) ? null : tuple.Value(5).ToArray(), tuple.Value(6).ToArray(), tuple.Value(7).ToArray(), tuple.Value(8).ToArray());
        int start = kind is ChainKind.Call ? LinkFields : LinkFields + CallFields + PayloadFields;
        // An id is never null: where it is, the join has found nothing.
        int id = kind is ChainKind.Call ? start + 1 : start, payload = LinkFields + CallFields;
        // Written out: in a condition a null would become empty memory.
        ReadOnlyMemory<byte>? record = null, payloadFields = null;
        if (ChainSchema.Record(kind, version) is { } columns && !tuple.IsNull(id)) record = tuple.Fields(start, columns.Count);
        if (ChainSchema.Payload(version) is { } of && !tuple.IsNull(payload + 1)) payloadFields = tuple.Fields(payload, of.Count);
        return new ChainRow(link, record, payloadFields);
    }

    private static string Prefixed(string table, string columns) => string.Join(", ", columns.Split(", ").Select(c => $"{table}.{c}"));

    /// <summary>The rows of a COPY one after the other: where each field is, in one buffer.</summary>
    private sealed class Tuples(Stream copy) : IDisposable
    {
        private readonly List<(int At, int Length)> _fields = [];
        private byte[] _buffer = ArrayPool<byte>.Shared.Rent(64 << 10);
        private int _start, _end;

        public bool IsNull(int field) => _fields[field].Length == Null;

        public ReadOnlySpan<byte> Value(int field) => _buffer.AsSpan(_fields[field].At, Math.Max(0, _fields[field].Length));

        /// <summary>Fields that stand beside each other, with their lengths.</summary>
        public ReadOnlyMemory<byte> Fields(int first, int count)
        {
            int from = _fields[first].At - sizeof(int);
            (int at, int length) = _fields[first + count - 1];
            return _buffer.AsMemory(from, at + Math.Max(0, length) - from);
        }

        public async ValueTask SkipAsync(int count, CancellationToken cancellationToken)
        {
            await EnsureAsync(count, cancellationToken);
            _start += count;
        }

        /// <summary>False at the end. What was taken from the row before is gone.</summary>
        public async ValueTask<bool> NextAsync(CancellationToken cancellationToken)
        {
            _fields.Clear();
            await EnsureAsync(sizeof(short), cancellationToken);
            short count = BinaryPrimitives.ReadInt16BigEndian(_buffer.AsSpan(_start));
            if (count < 0) return false;
            int at = sizeof(short);
            for (int i = 0; i < count; i++)
            {
                await EnsureAsync(at + sizeof(int), cancellationToken);
                int length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_start + at));
                at += sizeof(int);
                // From the row's beginning, which moves when the buffer is filled up.
                _fields.Add((at, length));
                at += Math.Max(0, length);
            }

            await EnsureAsync(at, cancellationToken);
            for (int i = 0; i < count; i++) _fields[i] = (_fields[i].At + _start, _fields[i].Length);
            _start += at;
            return true;
        }

        public void Dispose()
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }

        /// <summary>Reads until so many bytes stand behind the start.</summary>
        private async ValueTask EnsureAsync(int count, CancellationToken cancellationToken)
        {
            if (_end - _start >= count) return;
            if (_buffer.Length - _start < count) MakeRoom(count);
            while (_end - _start < count)
            {
                int read = await copy.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
                if (read == 0) throw new EndOfStreamException("The database ended before its last row.");
                _end += read;
            }
        }

        private void MakeRoom(int count)
        {
            byte[] old = _buffer;
            if (_buffer.Length < count) _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(count, old.Length * 2));
            Buffer.BlockCopy(old, _start, _buffer, 0, _end - _start);
            (_end, _start) = (_end - _start, 0);
            if (!ReferenceEquals(old, _buffer)) ArrayPool<byte>.Shared.Return(old);
        }
    }
}
