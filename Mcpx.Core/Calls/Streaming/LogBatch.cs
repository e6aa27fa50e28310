using System.Globalization;

namespace Mcpx.Core.Calls.Streaming;

/// <summary>Messages that are sent together: as many as there are, up to a size.</summary>
/// <param name="Messages">In the order of the chain; at least one.</param>
/// <param name="Id">The same when it is sent again.</param>
public sealed record LogBatch(IReadOnlyList<LogMessage> Messages, string Id)
{
    /// <summary>Bytes of lines in one batch, unless one message alone is longer.</summary>
    public const int Longest = 1 << 20;

    public long First => Messages[0].Sequence;

    public long Last => Messages[^1].Sequence;

    /// <summary>Of records, by their places.</summary>
    public static IEnumerable<LogBatch> Of(IEnumerable<LogMessage> messages)
    {
        List<LogMessage> taken = [];
        int bytes = 0;
        foreach (LogMessage message in messages)
        {
            if (taken.Count > 0 && bytes + message.Line.Length > Longest)
            {
                yield return ByPlace([.. taken]);
                taken.Clear();
                bytes = 0;
            }

            taken.Add(message);
            bytes += message.Line.Length;
        }

        if (taken.Count > 0) yield return ByPlace(taken);
    }

    private static LogBatch ByPlace(IReadOnlyList<LogMessage> messages) =>
        new(messages, string.Create(CultureInfo.InvariantCulture, $"{messages[0].Sequence}-{messages[^1].Sequence}"));
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
