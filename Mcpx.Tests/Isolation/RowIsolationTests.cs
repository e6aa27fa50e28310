using Mcpx.Data;
using Mcpx.Tests.Fixtures;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Isolation;

/// <summary>What PostgreSQL itself lets the application's login see and change, table by table, whatever a store forgets.</summary>
public sealed class RowIsolationTests(PostgresFixture postgres) : IAsyncLifetime
{
    private TwoTenants _tenants = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private IEnumerable<CatalogTable> Guarded => _tenants.Tables.Where(t => t.Key is not null && !t.IsAppended);

    public async ValueTask InitializeAsync() => _tenants = await TwoTenants.StartAsync(postgres, Cancelled);

    public ValueTask DisposeAsync() => _tenants.DisposeAsync();

    [Fact]
    public async Task The_database_has_what_these_tests_are_about()
    {
        _tenants.Tables.Count(t => t.IsTenant).ShouldBeGreaterThan(10);
        _tenants.Tables.Where(t => t.Key == "user_id").Select(t => t.Name).ShouldBe(["external_logins", "sessions", "sign_in_links"], ignoreOrder: true);
        foreach (CatalogTable table in _tenants.Tables.Where(t => t.Key is not null))
            (await _tenants.Host.QueryAsync($"SELECT count(*) FROM {table.Name}")).ShouldBe(2L, table.Name);
    }

    [Fact]
    public async Task A_table_is_guarded_by_row_level_security_or_known_to_be_the_installation_s()
    {
        // What stands here is no organisation's and no person's. A table that is new either has their column, or its place here.
        string[] installation = ["audit_begin", "audit_keys", "data_protection_keys", "database_logins", "jobs", "metric_rollup_late", "metric_rollup_state", "revocations", "schema_isolation", "schema_migrations", "schema_scripts", "signing_keys", "token_peppers"];

        _tenants.Tables.Where(t => t.Key is null).Select(t => t.Name).Except(installation).ShouldBeEmpty();
        foreach (CatalogTable table in Guarded)
        {
            (await _tenants.Host.QueryAsync($"SELECT relrowsecurity FROM pg_class WHERE oid = '{table.Name}'::regclass")).ShouldBe(true, table.Name);
            (await _tenants.Host.QueryAsync($"SELECT bool_and(NOT 0 = ANY (polroles)) FROM pg_policy WHERE polrelid = '{table.Name}'::regclass")).ShouldBe(true, $"A policy of {table.Name} is for everybody.");
        }
    }

    [Fact]
    public async Task Without_a_scope_nothing_returns_a_row()
    {
        await using NpgsqlConnection app = await _tenants.AppAsync(scope: null, Cancelled);
        List<string> seen = [];
        foreach (string relation in await _tenants.RelationsAsync(Cancelled))
        {
            if (await TwoTenants.CountAsync(app, relation, "true", Cancelled) is > 0) seen.Add(relation);
        }

        seen.ShouldBeEmpty();
        (await TwoTenants.CountAsync(app, PageOfCalls, "true", Cancelled)).ShouldBe(0);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00000000-0000-0000-0000-000000000000")]
    [InlineData("not-an-id")]
    [InlineData("' OR true --")]
    public async Task A_scope_that_is_no_organisation_s_shows_nothing(string organization)
    {
        await using NpgsqlConnection app = await _tenants.AppAsync(scope: null, Cancelled);
        await using (NpgsqlCommand set = new("SELECT set_config('mcpx.org_id', $1, false)", app) { Parameters = { new() { Value = organization } } })
            await set.ExecuteNonQueryAsync(Cancelled);

        foreach (CatalogTable table in Guarded)
        {
            await using NpgsqlCommand read = new($"SELECT count(*) FROM {table.Name}", app);
            long seen;
            try
            {
                seen = (long)(await read.ExecuteScalarAsync(Cancelled))!;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidTextRepresentation)
            {
                seen = 0;
            }

            seen.ShouldBe(0, table.Name);
        }
    }

    [Fact]
    public async Task An_organisation_sees_its_own_rows_and_its_people()
    {
        await using NpgsqlConnection app = await _tenants.AppAsync(_tenants.OurOrganization, Cancelled);
        foreach (CatalogTable table in Guarded)
            (await TwoTenants.CountAsync(app, table.Name, "true", Cancelled)).ShouldBe(table.Key == "user_id" ? 0 : 1, table.Name);
        (await TwoTenants.CountAsync(app, "organizations", $"id = '{_tenants.Ours.Organization}'", Cancelled)).ShouldBe(1);
        (await TwoTenants.CountAsync(app, "users", $"id = '{_tenants.Ours.User}'", Cancelled)).ShouldBe(1);
        await AllOfThemAreOursAsync(app);
    }

    [Fact]
    public async Task A_person_sees_themselves_and_where_they_belong()
    {
        string[] personal = ["external_logins", "members", "organizations", "sessions", "sign_in_links", "users"];
        await using NpgsqlConnection app = await _tenants.AppAsync(_tenants.OurPerson, Cancelled);
        foreach (CatalogTable table in Guarded)
            (await TwoTenants.CountAsync(app, table.Name, "true", Cancelled)).ShouldBe(personal.Contains(table.Name) ? 1 : 0, table.Name);
        (await TwoTenants.CountAsync(app, "tenant_calls", "true", Cancelled)).ShouldBe(0);
        await AllOfThemAreOursAsync(app);
    }

    [Fact]
    public async Task Nobody_changes_deletes_or_plants_a_foreign_row()
    {
        foreach (DataScope scope in (DataScope[])[_tenants.OurOrganization, _tenants.OurPerson])
        {
            await using NpgsqlConnection app = await _tenants.AppAsync(scope, Cancelled);
            foreach (CatalogTable table in _tenants.Tables.Where(t => t.Key is not null))
            {
                string theirs = $"{table.Key} = '{(table.Key == "user_id" || table.Name == "users" ? _tenants.Theirs.User : _tenants.Theirs.Organization)}'";
                string because = $"{table.Name} for {scope}";

                (await TwoTenants.TryAsync(app, $"UPDATE {table.Name} SET {table.Key} = {table.Key} WHERE {theirs}", Cancelled)).Rows.ShouldBe(0, because);
                (await TwoTenants.TryAsync(app, $"DELETE FROM {table.Name} WHERE {theirs}", Cancelled)).Rows.ShouldBe(0, because);
                (await TwoTenants.TryAsync(app, table.Insert(_tenants.Theirs), Cancelled)).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege, because);
                // Without a condition: what is seen is all that can be changed.
                (await TwoTenants.TryAsync(app, $"DELETE FROM {table.Name}", Cancelled)).Rows.ShouldBeLessThanOrEqualTo(1, because);
                (await TwoTenants.TryAsync(app, $"TRUNCATE {table.Name} CASCADE", Cancelled)).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege, because);
            }
        }

        foreach (CatalogTable table in _tenants.Tables.Where(t => t.Key is not null))
            (await _tenants.Host.QueryAsync($"SELECT count(*) FROM {table.Name}")).ShouldBe(2L, table.Name);
    }

    [Fact]
    public async Task An_own_row_can_be_written_and_not_given_away()
    {
        await using NpgsqlConnection app = await _tenants.AppAsync(_tenants.OurOrganization, Cancelled);
        foreach (CatalogTable table in Guarded.Where(t => t.IsTenant))
        {
            // A reference to nothing, or a member who is one already: then the policy has let the row through.
            (await TwoTenants.TryAsync(app, table.Insert(_tenants.Ours), Cancelled)).SqlState
                .ShouldBeOneOf(null, PostgresErrorCodes.ForeignKeyViolation, PostgresErrorCodes.UniqueViolation);
            (await TwoTenants.TryAsync(app, $"UPDATE {table.Name} SET org_id = org_id", Cancelled)).ShouldBe(table.IsAppendOnly ? (0, PostgresErrorCodes.InsufficientPrivilege) : (1, null), table.Name);
            (await TwoTenants.TryAsync(app, $"UPDATE {table.Name} SET org_id = '{_tenants.Theirs.Organization}'", Cancelled)).SqlState
                .ShouldBe(PostgresErrorCodes.InsufficientPrivilege, table.Name);
        }
    }

    [Fact]
    public async Task A_condition_that_would_tell_what_it_saw_meets_own_rows_only()
    {
        await using NpgsqlConnection app = await _tenants.AppAsync(_tenants.OurOrganization, Cancelled);
        foreach (string relation in (string[])["tenant_calls", "tenant_call_payloads", .. FigureViews, .. Guarded.Where(t => t.IsTenant).Select(t => t.Name)])
        {
            // Division by zero at the sight of a foreign row: an error would say that it is there.
            string telling = $"1 / (CASE WHEN org_id = '{_tenants.Theirs.Organization}' THEN 0 ELSE 1 END) = 1";
            (await TwoTenants.CountAsync(app, relation, telling, Cancelled)).ShouldBe(1, relation);
        }
    }

    [Fact]
    public async Task Calls_and_figures_are_read_through_views_and_by_no_other_way()
    {
        await using NpgsqlConnection app = await _tenants.AppAsync(_tenants.OurOrganization, Cancelled);
        foreach (string relation in (await _tenants.RelationsAsync(Cancelled)).Where(r => r.StartsWith("calls", StringComparison.Ordinal) || r.StartsWith("call_", StringComparison.Ordinal) && r is not "call_limits"
            || r.StartsWith("metric_", StringComparison.Ordinal) && r is not "metric_names"))
            (await TwoTenants.CountAsync(app, relation, "true", Cancelled)).ShouldBeNull(relation);

        foreach (string view in (string[])["tenant_calls", "tenant_call_payloads", .. FigureViews])
        {
            (await TwoTenants.CountAsync(app, view, $"org_id = '{_tenants.Ours.Organization}'", Cancelled)).ShouldBe(1, view);
            foreach (string change in (string[])[$"UPDATE {view} SET org_id = org_id", $"DELETE FROM {view}", $"INSERT INTO {view} DEFAULT VALUES"])
                (await TwoTenants.TryAsync(app, change, Cancelled)).SqlState.ShouldBeOneOf([PostgresErrorCodes.InsufficientPrivilege, .. Grouped(view)], change);
        }

        (await TwoTenants.CountAsync(app, PageOfCalls, $"org_id = '{_tenants.Ours.Organization}'", Cancelled)).ShouldBe(1);
        (await TwoTenants.CountAsync(app, PageOfCalls, "true", Cancelled)).ShouldBe(1);
    }

    [Fact]
    public async Task The_barrier_lets_the_index_find_a_range_of_time()
    {
        await using NpgsqlConnection app = await _tenants.AppAsync(_tenants.OurOrganization, Cancelled);
        await using (NpgsqlCommand set = new("SET enable_seqscan = off", app)) await set.ExecuteNonQueryAsync(Cancelled);
        await using NpgsqlCommand explain = new($"EXPLAIN SELECT count(*) FROM tenant_calls WHERE org_id = '{_tenants.Ours.Organization}' AND time >= now() - interval '1 hour'", app);
        List<string> plan = [];
        await using NpgsqlDataReader reader = await explain.ExecuteReaderAsync(Cancelled);
        while (await reader.ReadAsync(Cancelled)) plan.Add(reader.GetString(0));

        string all = string.Join('\n', plan);
        all.ShouldContain("Index");
        plan.Where(l => l.Contains("Index Cond", StringComparison.Ordinal)).ShouldAllBe(l => l.Contains("org_id", StringComparison.Ordinal) && l.Contains("time", StringComparison.Ordinal), all);
    }

    private static readonly string[] FigureViews =
    [
        "tenant_metric_events", "tenant_metric_1m", "tenant_metric_1h", "tenant_metric_1d", "tenant_metric_caller_1m", "tenant_metric_caller_1h", "tenant_metric_caller_1d",
        "tenant_metric_rolled_1m", "tenant_metric_rolled_1h", "tenant_metric_rolled_1d", "tenant_metric_caller_rolled_1m", "tenant_metric_caller_rolled_1h", "tenant_metric_caller_rolled_1d",
    ];

    /// <summary>A view that groups can't be changed through by anybody, which is said first.</summary>
    private static string[] Grouped(string view) => view is "tenant_calls" or "tenant_call_payloads" or "tenant_metric_events" || view.Contains("_rolled_", StringComparison.Ordinal) ? [] : [PostgresErrorCodes.ObjectNotInPrerequisiteState];

    private const string PageOfCalls = "tenant_calls_page('{}', 100)";

    private async Task AllOfThemAreOursAsync(NpgsqlConnection connection)
    {
        string foreign = $"to_jsonb(t)::text LIKE ANY (ARRAY['%{_tenants.Theirs.Organization}%', '%{_tenants.Theirs.User}%'])";
        foreach (string relation in await _tenants.RelationsAsync(Cancelled))
            (await TwoTenants.CountAsync(connection, relation, foreign, Cancelled) ?? 0).ShouldBe(0, relation);
    }
}
