namespace Mcpx.Core.Health;

/// <summary>
/// How many calls are under way on this replica at most. Beyond it a replica would slow all of them down; the next call is
/// told to come back instead. Streams that stand open cost little and are counted for themselves, up to the same number.
/// </summary>
public sealed class GlobalLimit(int most)
{
    public const int Default = 4096;
    public const int Largest = 1_000_000;

    private readonly Places _calls = new();
    private readonly Places _streams = new();

    public static TimeSpan RetryAfter { get; } = TimeSpan.FromSeconds(1);

    public int Calls => _calls.Taken;

    public int Streams => _streams.Taken;

    /// <summary>True obliges to <see cref="Leave"/> with the same word.</summary>
    /// <param name="standing">A GET stream or <c>subscriptions/listen</c>.</param>
    public bool TryEnter(bool standing) => (standing ? _streams : _calls).TryEnter(most);

    public void Leave(bool standing) => (standing ? _streams : _calls).Leave();
}
