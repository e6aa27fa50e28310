using Mcpx.Core.Primitives;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Mcpx.Data.Identity;

/// <summary>Writes when things of one kind were last used, in batches, away from those who use them.</summary>
/// <param name="what">For the log, e.g. "tokens".</param>
internal abstract class UseWriter<TId>(string what, ILogger logger, TimeProvider time) : BackgroundService
    where TId : struct, IEntityId<TId>
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    // What the database did not take yet.
    private readonly Dictionary<TId, DateTimeOffset> _uses = [];

    protected abstract IReadOnlyDictionary<TId, DateTimeOffset> TakeUses();

    protected abstract Task TouchAsync(IReadOnlyDictionary<TId, DateTimeOffset> uses, CancellationToken cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await WriteAsync();
        }
        finally
        {
            await WriteAsync();
        }
    }

    /// <summary>Not with the token of the stop: the last turn comes after it, and a command's own time limit bounds it.</summary>
    private async Task WriteAsync()
    {
        foreach ((TId id, DateTimeOffset at) in TakeUses())
            _uses[id] = at;
        try
        {
            await TouchAsync(_uses, CancellationToken.None);
            _uses.Clear();
        }
        catch (Exception e)
        {
            UseWriterLog.Failed(logger, what, e.Message);
        }
    }
}

internal static partial class UseWriterLog
{
    [LoggerMessage(3031, LogLevel.Warning, "Writing the last uses of {What} failed ({Reason}); they are kept for the next turn.")]
    public static partial void Failed(ILogger logger, string what, string reason);
}
