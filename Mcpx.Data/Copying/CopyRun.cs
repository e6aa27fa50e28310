using System.Data;
using Npgsql;

namespace Mcpx.Data.Copying;

/// <summary>A copy between two sides that were looked at: one snapshot of the source, one transaction at the target.</summary>
internal sealed class CopyRun(CopySide source, CopySide target, RollUpCopy rollUps, ICopyProgress progress, TimeProvider time)
{
    private const int BufferBytes = 1 << 16;

    private readonly List<CopiedTable> _copied = [];

    /// <summary>What is being done, for who asks after it failed.</summary>
    public string Step { get; private set; } = "rolling up what came late";

    public async Task<IReadOnlyList<CopiedTable>> CopyAsync(CancellationToken cancellationToken)
    {
        await rollUps.SettleAsync(cancellationToken);
        await using NpgsqlTransaction snapshot = await source.Connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        await source.ExecuteAsync("SET TRANSACTION READ ONLY", cancellationToken);
        await rollUps.ReadBordersAsync(cancellationToken);
        IReadOnlyList<CopyTable> tables = await CopyTables.ListBothAsync(source, target, cancellationToken);
        Step = "preparing the target";
        await rollUps.PrepareAsync(cancellationToken);

        await using NpgsqlTransaction transaction = await target.Connection.BeginTransactionAsync(cancellationToken);
        await rollUps.BeginAsync(cancellationToken);
        foreach (string seeded in CopyChecks.Seeded) await target.ExecuteAsync($"DELETE FROM {seeded}", cancellationToken);
        foreach (CopyTable table in tables) await CopyAsync(table.Name, table.Read, table.Write, table.Read, cancellationToken);
        foreach (RollUpTable table in await rollUps.ListAsync(cancellationToken))
            await CopyAsync(table.Name, table.Query, $"{table.Into} ({table.Columns})", $"SELECT FROM {table.Into}", cancellationToken);
        Step = "ending the copy";
        await CopyTables.CopySequencesAsync(source, target, cancellationToken);
        await rollUps.EndAsync(cancellationToken);
        // Again: a gateway that does not migrate takes no lock, and what it wrote since the snapshot would be lost.
        await CopyChecks.EnsureStoppedAsync(source, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return _copied;
    }

    private async Task CopyAsync(string name, string read, string into, string written, CancellationToken cancellationToken)
    {
        Step = $"copying {name}";
        long began = time.GetTimestamp();
        long rows = await source.CountAsync(read, cancellationToken);
        if (rows > 0) await StreamAsync(read, into, cancellationToken);
        long there = await target.CountAsync(written, cancellationToken);
        if (there != rows) throw new DatabaseStartException($"Of {name} the source has {rows} rows and the target {there}. No row was written: is somebody else writing there?");
        _copied.Add(new CopiedTable(name, rows, time.GetElapsedTime(began)));
        progress.Copied(_copied[^1]);
    }

    /// <summary>From one server to the other as they write rows themselves: nothing is read on the way.</summary>
    private async Task StreamAsync(string read, string into, CancellationToken cancellationToken)
    {
        await using NpgsqlRawCopyStream rows = await source.Connection.BeginRawBinaryCopyAsync($"COPY ({read}) TO STDOUT (FORMAT binary)", cancellationToken);
        NpgsqlRawCopyStream written = await target.Connection.BeginRawBinaryCopyAsync($"COPY {into} FROM STDIN (FORMAT binary)", cancellationToken);
        try
        {
            await rows.CopyToAsync(written, BufferBytes, cancellationToken);
        }
        catch
        {
            // Disposed, it would say that these were all.
            await written.CancelAsync();
            throw;
        }

        await written.DisposeAsync();
    }
}
