using Mcpx.Core.Proxy;

namespace Mcpx.Web.Hosting;

/// <summary>
/// Brings a replica up while Kestrel already answers probes: first owner, demo content, snapshot, welcome.
/// </summary>
internal sealed partial class Startup(
    FirstOwner firstOwner,
    DemoContent demo,
    SnapshotKeeper snapshots,
    Readiness readiness,
    Welcome welcome,
    TimeProvider time,
    ILogger<Startup> logger) : BackgroundService
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!readiness.IsReady)
        {
            try
            {
                await BringUpAsync(stoppingToken);
                return;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogRetry(logger, e, RetryAfter.TotalSeconds);
                await Task.Delay(RetryAfter, time, stoppingToken);
            }
        }
    }

    private async Task BringUpAsync(CancellationToken cancellationToken)
    {
        await firstOwner.EnsureAsync(cancellationToken);
        await demo.EnsureAsync(cancellationToken);
        await snapshots.LoadAsync(cancellationToken);
        readiness.Started();
        LogReady(logger);
        await welcome.ShowAsync(cancellationToken);
    }

    [LoggerMessage(6002, LogLevel.Error, "Starting failed; trying again in {Seconds} s.")]
    private static partial void LogRetry(ILogger logger, Exception exception, double seconds);

    [LoggerMessage(6003, LogLevel.Information, "Ready.")]
    private static partial void LogReady(ILogger logger);
}
