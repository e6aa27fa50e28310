using Mcpx.Data.Timeseries;

namespace Mcpx.Data.Copying;

/// <summary>What must hold before a copy, and what is said when it does not.</summary>
internal static class CopyChecks
{
    /// <summary>Rows that a migration leaves in a new database.</summary>
    public static readonly string[] Seeded = ["audit_begin"];

    private const int Looks = 10;

    private const string Foreign = """
        SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        """;

    private const string NotOwned = """
        SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT pg_has_role(c.relowner, 'USAGE')
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        """;

    // Those that row-level security names are the logins that serve. Who else is connected is none of ours; of other roles' sessions
    // PostgreSQL tells everybody the name and the database.
    private const string Serving = """
        SELECT string_agg(DISTINCT a.usename::text, ', ') FROM pg_stat_activity a
        WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.usename IN (SELECT unnest(roles) FROM pg_policies WHERE schemaname = 'public')
        """;

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(200);

    private const string Leased = "SELECT string_agg(name, ', ') FROM jobs WHERE leased_until > now()";

    public static async Task EnsureUtf8Async(CopySide side, CancellationToken cancellationToken)
    {
        string? encoding = await side.ScalarAsync<string>("SHOW server_encoding", cancellationToken);
        if (encoding != "UTF8") throw new DatabaseStartException($"The {side.Name} has the encoding {encoding}: make it with ENCODING 'UTF8' (and TEMPLATE template0), since people write in every script.");
    }

    /// <returns>What the source is.</returns>
    /// <exception cref="DatabaseStartException">The source is another release's, or nobody's.</exception>
    public static async Task<DatabaseInfo> EnsureThisReleaseAsync(CopySide source, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await source.ScalarAsync<string>("SELECT to_regclass('schema_scripts')::text", cancellationToken) is null)
            throw new DatabaseStartException("The source holds no gateway's data: is it the right database?");
        DatabaseInfo info = await new TimeseriesScripts(source.Connection, time).DetectAsync(cancellationToken);
        (IReadOnlyList<string> migrations, IReadOnlyList<string> had) = await DatabaseMigrator.ReadStepsAsync(source.Connection, cancellationToken);
        string[] known = [.. migrations, .. TimeseriesScripts.Names(info.Edition)];
        string[] applied = [.. had, .. await source.ListAsync("SELECT name FROM schema_scripts", r => r.GetString(0), cancellationToken)];
        int missing = known.Except(applied).Count(), unknown = applied.Except(known).Count();
        if (unknown > 0) throw new DatabaseStartException($"The source is at a newer release's schema ({unknown} steps that this one does not know): copy with the release that it is at.");
        if (missing > 0) throw new DatabaseStartException($"The source is at an older release's schema ({missing} steps are missing): bring it to this release first, by `migrate` or a start.");
        return info;
    }

    /// <summary>Whoever is not the owner may not see every row, and a copy must not leave out what it does not see.</summary>
    public static async Task EnsureOwnerAsync(CopySide source, CancellationToken cancellationToken)
    {
        if (await source.ScalarAsync<long>(NotOwned, cancellationToken) > 0)
            throw new DatabaseStartException($"The role {source.User} does not own the source's tables: connect as the owner, who migrates it.");
    }

    /// <summary>What a gateway wrote meanwhile would be missing in the copy.</summary>
    public static async Task EnsureStoppedAsync(CopySide side, CancellationToken cancellationToken)
    {
        string? logins = await side.ScalarAsync<string>(Serving, cancellationToken);
        // One that was stopped a moment ago may be leaving still.
        for (int looked = 1; logins is not null && looked < Looks; looked++)
        {
            await Task.Delay(BetweenLooks, cancellationToken);
            // Within a transaction it would be told the same again.
            await side.ExecuteAsync("SELECT pg_stat_clear_snapshot()", cancellationToken);
            logins = await side.ScalarAsync<string>(Serving, cancellationToken);
        }

        if (logins is not null)
            throw new DatabaseStartException($"A gateway is running on the {side.Name} ({logins} is connected): stop every replica first.");
        if (await side.ScalarAsync<string>(Leased, cancellationToken) is { } jobs)
            throw new DatabaseStartException($"A gateway holds jobs of the {side.Name} ({jobs}): stop every replica first; of one that was killed, they are free within a minute.");
    }

    /// <summary>Before anything is changed there: a database in use must not even be migrated by this.</summary>
    public static async Task EnsureEmptyAsync(CopySide target, CancellationToken cancellationToken)
    {
        if (await target.ScalarAsync<string>("SELECT to_regclass('schema_scripts')::text", cancellationToken) is null)
        {
            if (await target.ScalarAsync<long>(Foreign, cancellationToken) > 0) throw new DatabaseStartException("The target is not empty: it holds tables of something else. Make a new database for the copy.");
            return;
        }

        foreach (CopyTable table in await CopyTables.ListAsync(target, cancellationToken))
        {
            if (!Seeded.Contains(table.Name) && await target.ScalarAsync<bool>($"SELECT EXISTS (SELECT FROM {table.Name})", cancellationToken))
                throw new DatabaseStartException($"The target is not empty: {table.Name} has rows. Make a new database for the copy; nothing is ever written over.");
        }
    }

    /// <summary>For the rest of the session: whoever starts a gateway that migrates waits.</summary>
    public static async Task LockAsync(CopySide side, CancellationToken cancellationToken)
    {
        if (!await side.ScalarAsync<bool>($"SELECT pg_try_advisory_lock({DatabaseMigrator.LockKey})", cancellationToken))
            throw new DatabaseStartException($"The {side.Name} is being migrated or copied just now: stop every gateway, and try again.");
    }
}
