namespace Mcpx.Core.Calls.Journal;

/// <summary>Where the journal is and how much room it has.</summary>
/// <param name="Directory">Of this installation alone; each process takes a place of its own in it.</param>
/// <param name="Budget">In bytes: when as much waits for the database, calls are refused.</param>
public sealed record JournalSettings(string Directory, long Budget = JournalSettings.DefaultBudget)
{
    public const long DefaultBudget = 1L << 30;
    public const long SmallestBudget = 64L << 20;
    public const long LargestBudget = 1L << 40;

    /// <summary>The share of <see cref="Budget"/> from which the journal warns.</summary>
    public const double WarnAt = 0.8;

    /// <summary>In bytes; a full segment is deleted when all of it is in the database.</summary>
    public long SegmentBytes { get; init; } = 16L << 20;

    /// <summary>How long a finished call waits for a disk that fails before it is broken off instead of answered.</summary>
    public TimeSpan WritePatience { get; init; } = TimeSpan.FromSeconds(2);
}

/// <summary>The journal can't be used, or a record could not be written. No <see cref="IOException"/>: what failed is not a server's connection.</summary>
public sealed class JournalException(string message, Exception? innerException = null) : Exception(message, innerException);
