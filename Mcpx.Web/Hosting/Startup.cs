using Mcpx.Core.Proxy;
using Mcpx.Data;

namespace Mcpx.Web.Hosting;

/// <summary>
/// Brings a replica up while Kestrel already answers probes: schema, first owner, demo content, snapshot, welcome. A
/// database that is not there yet is waited for; a mistake in the set-up ends the process with one line.
/// </summary>
internal sealed partial class Startup(
    DatabaseMigrator migrator,
    FirstOwner firstOwner,
    DemoContent demo,
    SnapshotKeeper snapshots,
    Readiness readiness,
    Welcome welcome,
    IHostApplicationLifetime lifetime,
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
            catch (ConfigurationException e)
            {
                LogWrongSetup(logger, e.Message);
                Environment.ExitCode = 1;
                lifetime.StopApplication();
                return;
            }
            catch (DatabaseStartException e)
            {
                LogWait(logger, e.Message, RetryAfter.TotalSeconds);
                await Task.Delay(RetryAfter, time, stoppingToken);
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
        await migrator.MigrateAsync(cancellationToken);
        await firstOwner.EnsureAsync(cancellationToken);
        await demo.EnsureAsync(cancellationToken);
        await snapshots.LoadAsync(cancellationToken);
        readiness.Started();
        LogReady(logger);
        await welcome.ShowAsync(cancellationToken);
    }

    [LoggerMessage(6001, LogLevel.Critical, "{Mistake}")]
    private static partial void LogWrongSetup(ILogger logger, string mistake);

    [LoggerMessage(6002, LogLevel.Error, "Starting failed; trying again in {Seconds} s.")]
    private static partial void LogRetry(ILogger logger, Exception exception, double seconds);

    [LoggerMessage(6004, LogLevel.Warning, "{Reason} Trying again in {Seconds} s.")]
    private static partial void LogWait(ILogger logger, string reason, double seconds);

    [LoggerMessage(6003, LogLevel.Information, "Ready.")]
    private static partial void LogReady(ILogger logger);
}
