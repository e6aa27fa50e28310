using Mcpx.Data;
using Mcpx.Data.Timeseries;
using Mcpx.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Data;

public sealed class DatabaseMigratorTests(PostgresFixture postgres)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Replicas_that_start_together_on_an_empty_database_all_come_up()
    {
        string connectionString = await postgres.CreateDatabaseAsync();
        DataHost[] hosts = [new(connectionString), new(connectionString), new(connectionString)];

        DatabaseInfo[] found = await Task.WhenAll(hosts.Select(h => h.Get<DatabaseMigrator>().MigrateAsync(Cancelled)));

        found.ShouldAllBe(i => i.Edition == DatabaseEdition.Plain && i.ServerVersion.Major >= 15);
        (await hosts[0].QueryAsync("SELECT count(*) FROM schema_scripts")).ShouldBe((long)TimeseriesScripts.Names(DatabaseEdition.Plain).Count());
        foreach (DataHost host in hosts) await host.DisposeAsync();
    }

    [Fact]
    public async Task Migrating_again_changes_nothing_and_keeps_the_data()
    {
        await using DataHost host = await DataHost.StartAsync(postgres);
        await host.AddOrganizationAsync("acme");

        await host.Get<DatabaseMigrator>().MigrateAsync(Cancelled);
        await host.Get<DatabaseMigrator>().MigrateAsync(Cancelled);

        (await host.QueryAsync("SELECT count(*) FROM organizations")).ShouldBe(1L);
        host.Get<DatabaseMigrator>().Info.ShouldNotBeNull();
    }

    [Fact]
    public async Task The_lock_is_free_after_a_migration_and_after_one_that_failed()
    {
        string connectionString = await postgres.CreateDatabaseAsync();
        await using DataHost host = new(connectionString);
        await host.QueryAsync("CREATE TABLE calls (oops int)");

        await Should.ThrowAsync<PostgresException>(() => host.Get<DatabaseMigrator>().MigrateAsync(Cancelled));
        await host.QueryAsync("DROP TABLE calls");
        await using DataHost other = new(connectionString);
        await other.Get<DatabaseMigrator>().MigrateAsync(Cancelled);

        // Of this database: other tests migrate theirs at the same time.
        (await host.QueryAsync("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")).ShouldBe(0L);
    }

    [Fact]
    public async Task A_time_limit_of_the_role_does_not_cut_a_migration_that_waits_its_turn()
    {
        string connectionString = await postgres.CreateDatabaseAsync();
        NpgsqlConnectionStringBuilder hurried = new(connectionString) { Options = "-c statement_timeout=1000 -c lock_timeout=1000" };
        await using DataHost host = new(hurried.ConnectionString), watcher = new(connectionString);
        await using NpgsqlConnection turn = await watcher.Owner.OpenConnectionAsync(Cancelled);
        await using (NpgsqlCommand take = new($"SELECT pg_advisory_lock({DatabaseMigrator.LockKey})", turn)) await take.ExecuteNonQueryAsync(Cancelled);

        Task<DatabaseInfo> migration = host.Get<DatabaseMigrator>().MigrateAsync(Cancelled);
        const string WaitedLong = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND query_start < clock_timestamp() - interval '1200ms'";
        using (PeriodicTimer timer = new(TimeSpan.FromMilliseconds(50)))
        {
            while (!migration.IsCompleted && (long)(await watcher.QueryAsync(WaitedLong))! == 0) await timer.WaitForNextTickAsync(Cancelled);
        }

        await using (NpgsqlCommand release = new($"SELECT pg_advisory_unlock({DatabaseMigrator.LockKey})", turn)) await release.ExecuteNonQueryAsync(Cancelled);

        (await migration).Edition.ShouldBe(DatabaseEdition.Plain);
    }

    [Fact]
    public async Task A_database_that_was_begun_plain_stays_plain()
    {
        await using DataHost host = await DataHost.StartAsync(postgres);
        (await host.QueryAsync("SELECT DISTINCT edition FROM schema_scripts")).ShouldBe(nameof(DatabaseEdition.Plain));
        TimeseriesScripts.Names(DatabaseEdition.Timescale).Count().ShouldBe(TimeseriesScripts.Names(DatabaseEdition.Plain).Count());
    }

    [Fact]
    public async Task The_model_and_the_migrations_agree()
    {
        await using DataHost host = await DataHost.StartAsync(postgres);
        await using McpxDbContext context = host.Get<ScopedContexts>().Open(DataScope.Everything);
        context.Database.HasPendingModelChanges().ShouldBeFalse();
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_named_without_the_password()
    {
        await using DataHost host = new("Host=127.0.0.1;Port=1;Database=mcpx;Username=mcpx;Password=hush-hush");

        DatabaseStartException refused = await Should.ThrowAsync<DatabaseStartException>(() => host.Get<DatabaseMigrator>().MigrateAsync(Cancelled));

        refused.Message.ShouldContain("127.0.0.1:1");
        refused.ToString().ShouldNotContain("hush");
        (await host.Get<DatabaseMigrator>().IsReachableAsync(Cancelled)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_database_that_is_missing_is_named()
    {
        NpgsqlConnectionStringBuilder wrong = new(await postgres.CreateDatabaseAsync()) { Database = "nowhere" };
        await using DataHost host = new(wrong.ConnectionString);

        DatabaseStartException refused = await Should.ThrowAsync<DatabaseStartException>(() => host.Get<DatabaseMigrator>().MigrateAsync(Cancelled));

        refused.Message.ShouldContain("nowhere");
    }

    [Fact]
    public async Task A_role_that_may_not_create_tables_is_told_what_it_lacks()
    {
        NpgsqlConnectionStringBuilder guest = new(await postgres.CreateDatabaseAsync()) { Username = "guest", Password = "guest" };
        await using (NpgsqlConnection admin = new(await postgres.GetAdminConnectionStringAsync()))
        {
            await admin.OpenAsync(Cancelled);
            await using NpgsqlCommand create = new("CREATE ROLE guest LOGIN PASSWORD 'guest'", admin);
            await create.ExecuteNonQueryAsync(Cancelled);
        }

        await using DataHost host = new(guest.ConnectionString);
        DatabaseStartException refused = await Should.ThrowAsync<DatabaseStartException>(() => host.Get<DatabaseMigrator>().MigrateAsync(Cancelled));

        refused.Message.ShouldContain("guest");
        refused.Message.ShouldContain("owner");
    }

    [Fact]
    public async Task Partitions_stand_ready_for_the_coming_days()
    {
        await using DataHost host = await DataHost.StartAsync(postgres);
        const string Count = "SELECT count(*) FROM pg_inherits WHERE inhparent IN ('calls'::regclass, 'call_payloads'::regclass)";
        (await host.QueryAsync(Count)).ShouldBe(2 * 6L);

        await using NpgsqlConnection connection = await host.Owner.OpenConnectionAsync(Cancelled);
        DateTimeOffset nextMonth = TimeProvider.System.GetUtcNow().AddDays(30);
        await PartitionKeeper.EnsureAheadAsync(connection, nextMonth, Cancelled);
        await PartitionKeeper.EnsureAheadAsync(connection, nextMonth, Cancelled);

        (await host.QueryAsync(Count)).ShouldBe(2 * 12L);
    }

    [Fact]
    public async Task Limits_are_ours_unless_the_connection_string_sets_them()
    {
        NpgsqlConnectionStringBuilder bare = new(await postgres.CreateDatabaseAsync());
        bare.Remove("Timeout");
        bare.Remove("Command Timeout");
        string given = bare.ConnectionString;
        await using DataHost ours = new(given);
        await using DataHost theirs = new(given + ";Command Timeout=40;Timeout=7");

        NpgsqlConnectionStringBuilder first = new(ours.Owner.ConnectionString);
        NpgsqlConnectionStringBuilder second = new(theirs.Owner.ConnectionString);

        (first.Timeout, first.CommandTimeout, first.Multiplexing).ShouldBe((1, 5, false));
        (second.Timeout, second.CommandTimeout).ShouldBe((7, 40));
    }
}
