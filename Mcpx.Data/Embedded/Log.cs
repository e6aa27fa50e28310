using Microsoft.Extensions.Logging;

namespace Mcpx.Data.Embedded;

internal static partial class Log
{
    [LoggerMessage(4101, LogLevel.Information, "Creating the embedded database in {Folder} with PostgreSQL {Major}")]
    public static partial void ClusterCreating(ILogger logger, string folder, int major);

    [LoggerMessage(4102, LogLevel.Information, "Embedded PostgreSQL {Major} is ready in {Folder} (process {ProcessId})")]
    public static partial void ServerReady(ILogger logger, string folder, int major, int processId);

    [LoggerMessage(4103, LogLevel.Warning, "Stopped a PostgreSQL server that an earlier process left running in {Folder}")]
    public static partial void OrphanStopped(ILogger logger, string folder);

    [LoggerMessage(4104, LogLevel.Critical, "The embedded PostgreSQL server in {Folder} ended unexpectedly: {Reason}")]
    public static partial void ServerLost(ILogger logger, string folder, string reason);

    [LoggerMessage(4105, LogLevel.Debug, "postgres: {Line}")]
    public static partial void ServerSaid(ILogger logger, string line);

    [LoggerMessage(4106, LogLevel.Warning, "postgres: {Line}")]
    public static partial void ServerComplained(ILogger logger, string line);

    [LoggerMessage(4107, LogLevel.Information, "Embedded PostgreSQL in {Folder} has stopped")]
    public static partial void ServerStopped(ILogger logger, string folder);

    [LoggerMessage(4108, LogLevel.Warning, "Could not delete {Path}: {Reason}")]
    public static partial void LeftBehind(ILogger logger, string path, string reason);
}
