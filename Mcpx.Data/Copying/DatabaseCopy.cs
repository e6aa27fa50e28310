using Mcpx.Data.Isolation;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Mcpx.Data.Copying;

/// <param name="Name">A table, or a roll-up of figures.</param>
public sealed record CopiedTable(string Name, long Rows, TimeSpan Took);

/// <summary>Hears how a copy goes on.</summary>
public interface ICopyProgress
{
    void Began(DatabaseInfo source, DatabaseInfo target);

    void Copied(CopiedTable table);
}

/// <summary>
/// Copies everything that a stopped gateway has in another database into this one, which must be empty: from any edition to any. What it
/// reads is one moment of the source, and what it writes is there as a whole or not at all.
/// </summary>
public sealed partial class DatabaseCopy
{
    private const string Checking = "checking both databases";

    private readonly Databases _databases;
    private readonly DatabaseMigrator _migrator;
    private readonly ILogger<DatabaseCopy> _logger;
    private readonly TimeProvider _time;

    /// <param name="databases">Of the target; its owner makes the schema there, as at a first start.</param>
    internal DatabaseCopy(Databases databases, DatabaseMigrator migrator, ILogger<DatabaseCopy> logger, TimeProvider time)
    {
        _databases = databases;
        _migrator = migrator;
        _logger = logger;
        _time = time;
    }

    /// <param name="from">The connection string of the source, as the owner of its schema.</param>
    /// <returns>What was copied, each table with as many rows on both sides.</returns>
    /// <exception cref="DatabaseStartException">It can't be done; the message says why and what to do, and holds no password. No row was written.</exception>
    public async Task<IReadOnlyList<CopiedTable>> RunAsync(string from, ICopyProgress progress, CancellationToken cancellationToken)
    {
        CopyRun? run = null;
        try
        {
            await using CopySide source = await CopySide.OpenAsync("source", from, cancellationToken);
            DatabaseInfo sourceInfo = await CheckAsync(source, cancellationToken);
            await using CopySide target = await CopySide.OpenAsync("target", _databases.Given.Owner!, cancellationToken);
            await CopyChecks.EnsureUtf8Async(target, cancellationToken);
            await CopyChecks.EnsureEmptyAsync(target, cancellationToken);
            DatabaseInfo targetInfo = await _migrator.MigrateAsync(cancellationToken);
            await CopyChecks.LockAsync(target, cancellationToken);
            progress.Began(sourceInfo, targetInfo);

            run = new CopyRun(source, target, new RollUpCopy(source, target, sourceInfo.Edition, targetInfo.Edition, _time), progress, _time);
            IReadOnlyList<CopiedTable> copied = await run.CopyAsync(cancellationToken);
            await AnalyzeAsync(target, cancellationToken);
            LogCopied(_logger, copied.Count, copied.Sum(t => t.Rows));
            return copied;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.OutOfMemory)
        {
            throw new DatabaseStartException($"PostgreSQL ran out of memory while {run?.Step ?? Checking} ({e.MessageText}). No row was written. A copy holds a lock for each day's tables and indexes until it ends: set max_locks_per_transaction to 512 on both servers, restart them, and try again.", e);
        }
        catch (Exception e) when (e is NpgsqlException or IOException or TimeoutException)
        {
            throw new DatabaseStartException($"It ended while {run?.Step ?? Checking}: {(e as PostgresException)?.MessageText ?? e.Message}. No row was written; the copy may be tried again.", e);
        }
    }

    private async Task<DatabaseInfo> CheckAsync(CopySide source, CancellationToken cancellationToken)
    {
        DatabaseInfo info = await CopyChecks.EnsureThisReleaseAsync(source, _time, cancellationToken);
        await CopyChecks.EnsureOwnerAsync(source, cancellationToken);
        await CopyChecks.EnsureStoppedAsync(source, cancellationToken);
        await CopyChecks.LockAsync(source, cancellationToken);
        return info;
    }

    /// <summary>Nobody has figures of the tables yet by which to plan. It is done by itself some time later too, except for what is partitioned.</summary>
    private async Task AnalyzeAsync(CopySide target, CancellationToken cancellationToken)
    {
        try
        {
            IEnumerable<CopyTable> tables = await CopyTables.ListAsync(target, cancellationToken);
            await target.ExecuteAsync($"ANALYZE {string.Join(", ", tables.Select(t => t.Name))}", cancellationToken);
        }
        catch (Exception e) when (e is NpgsqlException or OperationCanceledException)
        {
            LogNotAnalyzed(_logger, e);
        }
    }

    [LoggerMessage(6310, LogLevel.Information, "The database was copied: {Tables} tables, {Rows} rows.")]
    private static partial void LogCopied(ILogger logger, int tables, long rows);

    [LoggerMessage(6311, LogLevel.Warning, "The copy is complete, but its tables could not be analyzed: run ANALYZE there.")]
    private static partial void LogNotAnalyzed(ILogger logger, Exception exception);
}
