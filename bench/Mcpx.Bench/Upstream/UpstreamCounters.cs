namespace Mcpx.Bench.Upstream;

/// <summary>What the upstream saw, as it tells it at <c>/stats</c>.</summary>
/// <param name="Streams">Standing streams that are open now.</param>
internal sealed record UpstreamStats(long Calls, long Refused, long WrongCredential, long Streams);

/// <summary>The upstream's own count: a gateway that answers from a cache would be faster, and this is how it shows.</summary>
internal sealed class UpstreamCounters
{
    private long _calls;
    private long _refused;
    private long _wrongCredential;
    private long _streams;

    public UpstreamStats Read() => new(
        Interlocked.Read(ref _calls), Interlocked.Read(ref _refused), Interlocked.Read(ref _wrongCredential), Interlocked.Read(ref _streams));

    public void CallAnswered() => Interlocked.Increment(ref _calls);

    public void RequestRefused() => Interlocked.Increment(ref _refused);

    public void CredentialWrong() => Interlocked.Increment(ref _wrongCredential);

    public void StreamOpened() => Interlocked.Increment(ref _streams);

    public void StreamClosed() => Interlocked.Decrement(ref _streams);
}
