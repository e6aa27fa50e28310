namespace Mcpx.Data;

/// <summary>How calls are kept.</summary>
public enum DatabaseEdition
{
    /// <summary>Partitions of PostgreSQL itself; also with TimescaleDB's Apache edition, which lacks what we would use.</summary>
    Plain,

    /// <summary>Hypertables of TimescaleDB Community.</summary>
    Timescale,
}

/// <summary>The database as found at start, for operators.</summary>
/// <param name="ServerVersion">PostgreSQL's, e.g. <c>15.18</c>.</param>
/// <param name="ExtensionVersion">TimescaleDB's, when it is enabled in this database, whichever edition.</param>
/// <param name="CouldUseTimescale">TimescaleDB is installed on the server, but not enabled in this database.</param>
public sealed record DatabaseInfo(Version ServerVersion, DatabaseEdition Edition, string? ExtensionVersion, bool CouldUseTimescale);

/// <summary>The database can't be used; the message says why and what to do, and holds no password.</summary>
public sealed class DatabaseStartException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>True when waiting may help: the server is not there yet, or is starting or stopping.</summary>
    public bool IsTransient => InnerException is Npgsql.PostgresException e ? e.SqlState.StartsWith("57P", StringComparison.Ordinal) : InnerException is Npgsql.NpgsqlException or System.Net.Sockets.SocketException or TimeoutException;
}
