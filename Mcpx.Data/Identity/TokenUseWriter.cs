using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Mcpx.Data.Identity;

/// <summary>Writes when tokens were last used, in batches, away from the calls.</summary>
internal sealed partial class TokenUseWriter(CallerDirectory callers, ITokenStore store, ILogger<TokenUseWriter> logger, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    // What the database did not take yet.
    private readonly Dictionary<TokenId, DateTimeOffset> _uses = [];

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
        foreach ((TokenId token, DateTimeOffset at) in callers.TakeUses())
            _uses[token] = at;
        try
        {
            await store.TouchAsync(_uses, CancellationToken.None);
            _uses.Clear();
        }
        catch (Exception e)
        {
            LogFailed(logger, e.Message);
        }
    }

    [LoggerMessage(3031, LogLevel.Warning, "Writing the last uses of tokens failed ({Reason}); they are kept for the next turn.")]
    private static partial void LogFailed(ILogger logger, string reason);
}
