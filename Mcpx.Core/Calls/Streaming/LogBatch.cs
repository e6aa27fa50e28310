using System.Buffers;
using Mcpx.Core.Calls.Export;

namespace Mcpx.Core.Calls.Streaming;

/// <summary>Calls that are sent together: as many as there are, up to a size.</summary>
/// <param name="Calls">In the order of the chain; at least one.</param>
/// <param name="Lines">One JSON object each, as <see cref="CallJson"/> writes it, without the line's end.</param>
public sealed record LogBatch(IReadOnlyList<LinkedCall> Calls, IReadOnlyList<ReadOnlyMemory<byte>> Lines)
{
    /// <summary>Bytes of lines in one batch, unless one call alone is longer.</summary>
    public const int Longest = 1 << 20;

    public long First => Calls[0].Sequence;

    public long Last => Calls[^1].Sequence;

    public static IEnumerable<LogBatch> Of(IReadOnlyList<LinkedCall> calls, bool payloads)
    {
        List<LinkedCall> taken = [];
        List<ReadOnlyMemory<byte>> lines = [];
        int bytes = 0;
        ArrayBufferWriter<byte> output = new();
        using CallJson json = new(output, payloads);
        foreach (LinkedCall call in calls)
        {
            output.ResetWrittenCount();
            json.Write(call.Call);
            byte[] line = output.WrittenSpan[..^1].ToArray();
            if (taken.Count > 0 && bytes + line.Length > Longest)
            {
                yield return new LogBatch([.. taken], [.. lines]);
                taken.Clear();
                lines.Clear();
                bytes = 0;
            }

            taken.Add(call);
            lines.Add(line);
            bytes += line.Length;
        }

        if (taken.Count > 0) yield return new LogBatch(taken, lines);
    }
}

/// <summary>A target did not take a batch; the message says why, for people.</summary>
/// <param name="after">How long it asks to be left alone; null when it says nothing of that.</param>
public sealed class LogTargetException(string message, Exception? inner = null, TimeSpan? after = null) : Exception(message, inner)
{
    public TimeSpan? After => after;
}

/// <summary>A way to one target, open for some batches.</summary>
public interface ILogTarget : IAsyncDisposable
{
    /// <summary>Returns when the target has the batch.</summary>
    /// <exception cref="LogTargetException">It has not, as far as is known.</exception>
    Task SendAsync(LogBatch batch, CancellationToken cancellationToken);
}
