using Microsoft.Extensions.Logging;

namespace Mcpx.Data;

internal static partial class Log
{
    [LoggerMessage(3001, LogLevel.Information, "The database is ready: PostgreSQL {Version}, {Edition} storage of calls, TimescaleDB {Extension}.")]
    public static partial void Ready(ILogger logger, Version version, DatabaseEdition edition, string extension);

    [LoggerMessage(3002, LogLevel.Information,
        "TimescaleDB is installed on the server but not enabled in this database. On a new database, CREATE EXTENSION timescaledb before the first start makes mcpx use it.")]
    public static partial void TimescaleIsOff(ILogger logger);
}
