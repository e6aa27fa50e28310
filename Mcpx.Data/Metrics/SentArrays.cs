using System.Buffers.Binary;

namespace Mcpx.Data.Metrics;

/// <summary>
/// Arrays of <c>bigint</c>, one behind the other, each as PostgreSQL's <c>array_send</c> writes it: number of dimensions, flags, type; of each
/// dimension its size and lower bound; of each element its length and value. Put together by <c>string_agg</c> they cost a
/// fraction of what adding them up in SQL does.
/// </summary>
internal static class SentArrays
{
    private const int Head = 12;
    private const int Dimension = 8;
    private const int Length = 4;
    private const int Element = Length + 8;

    public static void Read(ReadOnlySpan<byte> sent, Action<long> add)
    {
        while (!sent.IsEmpty)
        {
            bool isEmpty = BinaryPrimitives.ReadInt32BigEndian(sent) == 0;
            int count = isEmpty ? 0 : BinaryPrimitives.ReadInt32BigEndian(sent[Head..]);
            sent = sent[(isEmpty ? Head : Head + Dimension)..];
            for (int i = 0; i < count; i++)
                add(BinaryPrimitives.ReadInt64BigEndian(sent[(i * Element + Length)..]));
            sent = sent[(count * Element)..];
        }
    }
}
