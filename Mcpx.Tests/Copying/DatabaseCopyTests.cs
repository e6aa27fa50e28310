using Mcpx.Core.Audit.Chain;
using Mcpx.Core.Identity;
using Mcpx.Data;
using Mcpx.Data.Copying;
using Mcpx.Tests.Audit.Chain;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Metrics;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Copying;

/// <summary>A copy has what the source has, goes on like it, and is there as a whole or not at all.</summary>
public sealed class DatabaseCopyTests(PostgresFixture postgres)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>All directions where the cluster has TimescaleDB, and otherwise the one that it can go.</summary>
    public static TheoryData<DatabaseEdition, DatabaseEdition> Directions => PostgresFixture.HasTimescale
        ? new()
        {
            { DatabaseEdition.Plain, DatabaseEdition.Plain }, { DatabaseEdition.Plain, DatabaseEdition.Timescale },
            { DatabaseEdition.Timescale, DatabaseEdition.Plain }, { DatabaseEdition.Timescale, DatabaseEdition.Timescale },
        }
        : new() { { DatabaseEdition.Plain, DatabaseEdition.Plain } };

    [Theory, MemberData(nameof(Directions))]
    public async Task A_copy_says_the_same_now_and_after_whatever_comes(DatabaseEdition from, DatabaseEdition to)
    {
        CopyStage stage = new(postgres);
        await stage.BeginAsync(from);
        string target = await stage.EmptyAsync(to);

        IReadOnlyList<CopiedTable> copied = await stage.CopyAsync(target, cancellationToken: Cancelled);

        Rows("calls").ShouldBe(9 * 25 + 20);
        Rows("call_payloads").ShouldBe(Rows("calls"));
        Rows("audit_links").ShouldBeGreaterThan(Rows("calls"));
        Rows("metric_names").ShouldBe(1);
        Rows("metric_events").ShouldBeInRange(1, Rows("calls") - 1, "Most events have passed their time.");
        Rows("metric_1h").ShouldBeGreaterThan(Rows("metric_1m"), "Minutes go before hours do.");
        await using FigureStage before = await stage.OpenAsync(stage.Source, 5), after = await stage.OpenAsync(target, 5);
        (await after.Host.QueryAsync("SELECT DISTINCT edition FROM schema_scripts")).ShouldBe(to.ToString());
        // A stage refreshes into the step that is still running, which the copy makes anew.
        await before.RollUpAsync();
        IReadOnlyList<string> figures = await stage.FiguresAsync(before);
        ShouldBeSame(await stage.FiguresAsync(after), figures);
        await VerifyAsync(stage, after, (int)Rows("calls"));

        // Both go on, and what is older than all events stays.
        foreach (FigureStage each in (FigureStage[])[before, after]) await stage.RollUpAsync(each);
        stage.Clock.Advance(TimeSpan.FromHours(30));
        foreach (FigureStage each in (FigureStage[])[before, after])
        {
            await stage.WriteAsync(each, 20, stage.Clock.GetUtcNow().AddHours(-40));
            await stage.WriteAsync(each, 10, stage.Clock.GetUtcNow().AddDays(-5));
            await stage.RollUpAsync(each);
        }

        IReadOnlyList<string> later = await stage.FiguresAsync(before);
        later.ShouldNotBe(figures);
        ShouldBeSame(Anonymous(await stage.FiguresAsync(after)), Anonymous(later));
        await VerifyAsync(stage, after, (int)Rows("calls") + 30);

        long Rows(string table) => copied.Single(t => t.Name == table).Rows;
    }

    [Fact]
    public async Task Every_table_that_there_is_is_copied_with_all_its_rows()
    {
        CopyStage stage = new(postgres);
        await stage.BeginAsync(DatabaseEdition.Plain);
        string target = await postgres.CreatePlainDatabaseAsync();

        IReadOnlyList<CopiedTable> copied = await stage.CopyAsync(target, cancellationToken: Cancelled);

        copied.Select(t => t.Name).Order(StringComparer.Ordinal).ShouldBe((await ListAsync(stage.Source, """
            SELECT CASE WHEN relname LIKE 'metric\_%rollup\_1%' THEN replace(relname, 'rollup_', '') ELSE relname END FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
              AND relname NOT LIKE 'schema\_%' AND relname NOT IN ('database_logins', 'metric_rollup_state', 'metric_rollup_late')
            """)).Order(StringComparer.Ordinal));
        foreach (CopiedTable table in copied)
        {
            string name = table.Name.StartsWith("metric_caller_1", StringComparison.Ordinal) ? table.Name.Replace("caller_1", "caller_rollup_1") : table.Name.Replace("metric_1", "metric_rollup_1");
            string rows = $"SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE \"C\"), '') FROM {name} t";
            (await ListAsync(target, rows)).Single().ShouldBe((await ListAsync(stage.Source, rows)).Single(), name);
        }

        string next = (await ListAsync(stage.Source, "SELECT (last_value + 1)::text FROM metric_rollup_late_id_seq")).Single();
        next.ShouldNotBe("2");
        (await ListAsync(target, "INSERT INTO metric_rollup_late (level, bucket) VALUES ('1m', now()) RETURNING id::text")).ShouldBe([next], "Numbers go on.");
        (await ListAsync(stage.Source, "SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal AND tgtype & 4 = 4 AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)"))
            .ShouldBeEmpty("A trigger that fires on rows that come in would fire on copied ones.");
    }

    [Fact]
    public async Task What_was_interrupted_left_nothing_and_can_be_done_again_and_not_twice()
    {
        CopyStage stage = new(postgres);
        await stage.BeginAsync(DatabaseEdition.Plain);
        string target = await postgres.CreateDatabaseAsync();
        using (CancellationTokenSource interrupted = new())
        {
            await Should.ThrowAsync<OperationCanceledException>(() => stage.CopyAsync(target, table =>
            {
                if (table.Name == "metric_caller_1h") interrupted.Cancel();
            }, interrupted.Token));
        }

        string database = new NpgsqlConnectionStringBuilder(target).Database!, admin = await postgres.GetAdminConnectionStringAsync();
        (await Should.ThrowAsync<DatabaseStartException>(() => stage.CopyAsync(target, table =>
        {
            if (table.Name == "calls") ExecuteAsync(admin, $"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'mcpx-copy' AND datname = '{database}'").GetAwaiter().GetResult();
        }, Cancelled))).Message.ShouldSatisfyAllConditions(t => t.ShouldContain("It ended while copying"), t => t.ShouldContain("No row was written"));

        await using (CopySide side = await CopySide.OpenAsync("target", target, Cancelled))
        {
            foreach (CopyTable table in await CopyTables.ListAsync(side, Cancelled))
                (await side.CountAsync(table.Read, Cancelled)).ShouldBe(CopyChecks.Seeded.Contains(table.Name) ? 1 : 0, table.Name);
        }

        (await stage.CopyAsync(target, cancellationToken: Cancelled)).Count.ShouldBeGreaterThan(30);
        (await RefusedAsync(stage, target)).ShouldContain("The target is not empty");
        await using FigureStage before = await stage.OpenAsync(stage.Source, 5), after = await stage.OpenAsync(target, 5);
        ShouldBeSame(await stage.FiguresAsync(after), await stage.FiguresAsync(before));
    }

    [Fact]
    public async Task It_is_said_why_it_can_not_be_done()
    {
        CopyStage stage = new(postgres);
        await stage.BeginAsync(DatabaseEdition.Plain);
        string target = await postgres.CreatePlainDatabaseAsync();

        await using (NpgsqlDataSource others = NpgsqlDataSource.Create(target))
        {
            await using (NpgsqlCommand make = others.CreateCommand("CREATE TABLE theirs (id int)")) await make.ExecuteNonQueryAsync(Cancelled);
            (await RefusedAsync(stage, target)).ShouldContain("tables of something else");
            await using (NpgsqlCommand drop = others.CreateCommand("DROP TABLE theirs")) await drop.ExecuteNonQueryAsync(Cancelled);
        }

        NpgsqlConnectionStringBuilder wrong = new(target) { Username = "nobody_known", Password = "hush-hush" };
        (await RefusedAsync(stage, wrong.ConnectionString)).ShouldSatisfyAllConditions(t => t.ShouldContain("The target: "), t => t.ShouldContain("nobody_known"), t => t.ShouldNotContain("hush"));
        (await RefusedAsync(stage, "Host=127.0.0.1;Port=1;Username=u;Password=hush-hush")).ShouldSatisfyAllConditions(t => t.ShouldContain("The target: "), t => t.ShouldContain("can't be reached"), t => t.ShouldNotContain("hush"));

        // A replica is still there, and then one that was killed.
        await using (DataHost replica = await DataHost.JoinAsync(stage.Source))
        await using (NpgsqlConnection serving = await replica.Get<ScopedContexts>().OpenConnectionAsync(DataScope.Everything, Cancelled))
        {
            (await RefusedAsync(stage, target)).ShouldContain("A gateway is running on the source");
        }

        await ExecuteAsync(stage.Source, "INSERT INTO jobs (name, next_run_at, leased_until) VALUES ('held', now(), now() + interval '40 seconds')");
        (await RefusedAsync(stage, target)).ShouldContain("A gateway holds jobs of the source (held)");
        await ExecuteAsync(stage.Source, "DELETE FROM jobs WHERE name = 'held'; INSERT INTO schema_scripts VALUES ('999_later.sql', 'Plain', now())");
        (await RefusedAsync(stage, target)).ShouldContain("a newer release's schema");
        await ExecuteAsync(stage.Source, "DELETE FROM schema_scripts WHERE name IN ('999_later.sql', '021_metric_deletion.sql')");
        (await RefusedAsync(stage, target)).ShouldContain("an older release's schema (1 steps");
        await ExecuteAsync(stage.Source, "INSERT INTO schema_scripts VALUES ('021_metric_deletion.sql', 'Plain', now()); CREATE TABLE theirs (id int)");
        (await RefusedAsync(stage, target)).ShouldContain("other tables or columns than this release makes: theirs");
    }

    [Fact]
    public void A_table_is_behind_those_that_it_refers_to_and_a_circle_is_seen()
    {
        CopyTable[] tables = [.. new[] { "a", "b", "c" }.Select(n => new CopyTable(n, "id", "id integer"))];
        CopyTables.InOrder(tables, [("a", "c"), ("c", "b")]).Select(t => t.Name).ShouldBe(["b", "c", "a"]);
        Should.Throw<InvalidOperationException>(() => CopyTables.InOrder(tables, [("a", "c"), ("c", "a")])).Message.ShouldContain("circle");
    }

    /// <summary>Servers, gateways and callers of calls that were made up twice differ by their ids alone.</summary>
    private static IReadOnlyList<string> Anonymous(IReadOnlyList<string> lines) => [.. lines.Where(l => l.Contains(" by : ", StringComparison.Ordinal) || l.Contains(" by Organization", StringComparison.Ordinal) || l.Contains(" by Method", StringComparison.Ordinal))];

    private static void ShouldBeSame(IReadOnlyList<string> lines, IReadOnlyList<string> expected)
    {
        lines.Except(expected).ShouldBeEmpty();
        expected.Except(lines).ShouldBeEmpty();
        lines.Count.ShouldBe(expected.Count);
    }

    private static async Task VerifyAsync(CopyStage stage, FigureStage copy, int calls)
    {
        ChainReport report = await ChainLab.AdminOf(copy.Host).VerifyAsync(Actor.Of(stage.Acme, TestChanges.Origin), null, Cancelled);
        report.IsIntact.ShouldBeTrue(report.Finding?.Text);
        report.Calls.ShouldBe(calls);
    }

    private static async Task<string> RefusedAsync(CopyStage stage, string target) =>
        (await Should.ThrowAsync<DatabaseStartException>(() => stage.CopyAsync(target, cancellationToken: Cancelled))).Message;

    private static async Task ExecuteAsync(string database, string sql)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(database + ";Pooling=false");
        await using NpgsqlCommand command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancelled);
    }

    private static async Task<List<string>> ListAsync(string database, string sql)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(database + ";Pooling=false");
        await using NpgsqlCommand command = source.CreateCommand(sql);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Cancelled);
        List<string> values = [];
        while (await reader.ReadAsync(Cancelled)) values.Add(reader.GetString(0));
        return values;
    }
}
