namespace Mcpx.Tests.Fixtures;

/// <summary>Waits for what gives no signal, and fails with the condition's own words when it does not come.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    public static Task TrueAsync(Func<bool> condition, string what, CancellationToken cancellationToken) =>
        TrueAsync(() => Task.FromResult(condition()), what, Minute, cancellationToken);

    /// <param name="within">How soon it has to be true; a minute where nobody promised anything.</param>
    public static async Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan? within, CancellationToken cancellationToken)
    {
        var patience = within ?? Minute;
        using var deadline = new CancellationTokenSource(patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        try
        {
            while (!await condition()) await timer.WaitForNextTickAsync(either.Token);
        }
        catch (OperationCanceledException e) when (deadline.IsCancellationRequested)
        {
            throw new TimeoutException($"It did not happen within {patience.TotalSeconds:0} s that {what}.", e);
        }
    }
}
