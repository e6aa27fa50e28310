using Mcpx.Core.Credentials;
using Mcpx.Data;
using Mcpx.Data.Audit.Chain;
using Mcpx.Data.Isolation;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Isolation;

/// <summary>What the two logins that serve can not do, whatever is asked of them; and which logins are refused at start.</summary>
public sealed class LoginTests(PostgresFixture postgres) : DataTests(postgres)
{
    private const string RoleExists = "42710";

    private NpgsqlDataSource App => Host.Get<Databases>().App;

    private NpgsqlDataSource Engine => Host.Get<Databases>().Engine;

    private string Owner => new NpgsqlConnectionStringBuilder(Host.ConnectionString).Username!;

    /// <summary>Each would take a layer away; <c>{owner}</c> is the schema's owner, <c>{engine}</c> the other login.</summary>
    public static TheoryData<string> Attacks =>
    [
        "SET ROLE {owner}",
        "SET ROLE {engine}",
        "SET SESSION AUTHORIZATION {owner}",
        "GRANT {engine} TO current_user",
        "ALTER ROLE current_user BYPASSRLS",
        "CREATE ROLE accomplice",
        "SET session_replication_role = replica",
        "ALTER TABLE servers DISABLE TRIGGER ALL",
        "ALTER TABLE servers DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE servers OWNER TO current_user",
        "CREATE POLICY mine ON servers USING (true)",
        "DROP POLICY tenant ON servers",
        "CREATE OR REPLACE FUNCTION mcpx_org() RETURNS uuid LANGUAGE sql AS 'SELECT null::uuid'",
        "CREATE OR REPLACE VIEW tenant_calls AS SELECT * FROM calls",
        "ALTER VIEW tenant_calls RESET (security_barrier)",
        "CREATE TABLE public.loot (x text)",
        "CREATE FUNCTION public.loot() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA loot",
        "CREATE RULE loot AS ON SELECT TO tenant_calls DO INSTEAD SELECT 1",
        "CREATE TRIGGER loot AFTER INSERT ON servers EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "SELECT * FROM database_logins",
        "UPDATE database_logins SET name = 'x'",
        "DELETE FROM schema_isolation",
        "INSERT INTO schema_migrations SELECT * FROM schema_migrations",
        "UPDATE calls SET outcome = 0",
        "DELETE FROM calls",
        "UPDATE call_payloads SET request = NULL",
        "DELETE FROM call_payloads",
        "UPDATE admin_entries SET action = 'x'",
        "UPDATE audit_links SET leaf = leaf",
        "DELETE FROM audit_links",
        "TRUNCATE audit_links",
        "UPDATE audit_checkpoints SET seq = 1",
        "DELETE FROM audit_checkpoints",
        "UPDATE audit_stubs SET last_seq = 1",
        "DELETE FROM audit_stubs",
        "DELETE FROM audit_keys",
        "UPDATE audit_begin SET at = now()",
        "DELETE FROM audit_begin",
        "DROP TABLE calls",
        "TRUNCATE calls",
        "SELECT rolpassword FROM pg_authid",
        "SELECT pg_read_file('PG_VERSION')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "COPY (SELECT 1) TO '/tmp/loot'",
        "SELECT lo_import('/etc/hostname')",
    ];

    /// <summary>What the engine may and the application may not.</summary>
    public static TheoryData<string> AttacksOfTheApplication =>
    [
        "SELECT * FROM signing_keys",
        "SELECT * FROM data_protection_keys",
        "INSERT INTO data_protection_keys SELECT * FROM data_protection_keys",
        "DELETE FROM signing_keys",
        "SELECT * FROM audit_keys",
        "SELECT audit_delete_ended(gen_random_uuid(), 1)",
        "SELECT audit_heads(ARRAY[gen_random_uuid()])",
        "SELECT * FROM token_peppers",
        "DELETE FROM token_peppers",
        "UPDATE revocations SET at = now()",
        "DELETE FROM revocations",
        "SELECT * FROM calls",
        "INSERT INTO calls SELECT * FROM tenant_calls",
        "SELECT * FROM call_payloads",
        "COPY calls FROM STDIN",
        "COPY call_payloads FROM STDIN",
        "COPY calls TO STDOUT",
        "SELECT calls_make_partitions(now(), now())",
    ];

    [Theory, MemberData(nameof(Attacks)), MemberData(nameof(AttacksOfTheApplication))]
    public async Task The_application_s_login_may_not(string sql)
    {
        await using NpgsqlConnection app = await App.OpenConnectionAsync(Cancelled);
        await using NpgsqlCommand command = new(Fill(sql), app);
        (await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Cancelled))).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Theory, MemberData(nameof(Attacks))]
    public async Task The_engine_s_login_may_not(string sql)
    {
        await using NpgsqlConnection engine = await Engine.OpenConnectionAsync(Cancelled);
        // It may become itself, but nobody else.
        await using NpgsqlCommand command = new(Fill(sql.Replace("{engine}", "{owner}", StringComparison.Ordinal)), engine);
        (await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Cancelled))).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Fact]
    public async Task Switching_row_security_off_makes_queries_fail_rather_than_see_more()
    {
        await Host.AddOrganizationAsync("acme");
        await using NpgsqlConnection app = await App.OpenConnectionAsync(Cancelled);
        await using NpgsqlCommand off = new("SET row_security = off", app);
        await off.ExecuteNonQueryAsync(Cancelled);
        await using NpgsqlCommand read = new("SELECT count(*) FROM organizations", app);

        (await Should.ThrowAsync<PostgresException>(() => read.ExecuteScalarAsync(Cancelled))).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Fact]
    public async Task Rows_can_not_be_copied_in_past_row_level_security()
    {
        await using NpgsqlConnection app = await App.OpenConnectionAsync(Cancelled);
        await using NpgsqlCommand copy = new("COPY servers FROM STDIN", app);

        (await Should.ThrowAsync<PostgresException>(() => copy.ExecuteNonQueryAsync(Cancelled))).SqlState
            .ShouldBeOneOf(PostgresErrorCodes.FeatureNotSupported, PostgresErrorCodes.InsufficientPrivilege);
    }

    [Fact]
    public async Task The_logins_have_no_attribute_and_no_company_that_would_lift_them()
    {
        foreach (NpgsqlDataSource login in (NpgsqlDataSource[])[App, Engine])
        {
            await using NpgsqlCommand attributes = login.CreateCommand(
                "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication FROM pg_roles WHERE rolname = current_user");
            (await attributes.ExecuteScalarAsync(Cancelled)).ShouldBe(false);
            await using NpgsqlCommand company = login.CreateCommand("SELECT count(*) FROM pg_roles WHERE rolname <> current_user AND pg_has_role(oid, 'MEMBER')");
            (await company.ExecuteScalarAsync(Cancelled)).ShouldBe(0L);
            await using NpgsqlCommand owned = login.CreateCommand("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole");
            (await owned.ExecuteScalarAsync(Cancelled)).ShouldBe(0L);
        }
    }

    [Fact]
    public async Task The_application_s_rights_on_the_installation_s_tables_are_these()
    {
        const string Sql = """
            SELECT c.relname || ' ' || p FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relrowsecurity AND has_table_privilege(c.oid, p) ORDER BY 1
            """;
        List<string> rights = [];
        await using NpgsqlCommand command = App.CreateCommand(Sql);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Cancelled);
        while (await reader.ReadAsync(Cancelled)) rights.Add(reader.GetString(0));

        rights.ShouldBe(
        [
            "revocations INSERT", "revocations SELECT", "tenant_call_payloads SELECT", "tenant_calls SELECT", "tenant_metric_events SELECT", "tenant_metric_1m SELECT", "tenant_metric_1h SELECT",
            "tenant_metric_1d SELECT", "tenant_metric_caller_1m SELECT", "tenant_metric_caller_1h SELECT", "tenant_metric_caller_1d SELECT",
            .. new[] { "1m", "1h", "1d" }.SelectMany(level => new[] { $"tenant_metric_rolled_{level} SELECT", $"tenant_metric_caller_rolled_{level} SELECT" }),
        ], ignoreOrder: true);
    }

    [Fact]
    public async Task Replicas_that_start_together_find_the_same_logins()
    {
        string database = await Postgres.CreateDatabaseAsync();
        DataHost[] replicas = [.. Enumerable.Range(0, 4).Select(_ => new DataHost(database))];
        await Task.WhenAll(replicas.Select(r => r.Get<DatabaseMigrator>().MigrateAsync(Cancelled)));

        replicas.Select(r => UserOf(r.Get<Databases>().App)).Distinct().ShouldHaveSingleItem().ShouldStartWith("mcpx_app_");
        replicas.Select(r => UserOf(r.Get<Databases>().Engine)).Distinct().ShouldHaveSingleItem().ShouldStartWith("mcpx_engine_");
        foreach (DataHost replica in replicas)
        {
            await using (await replica.Get<Databases>().App.OpenConnectionAsync(Cancelled))
            await using (await replica.Get<Databases>().Engine.OpenConnectionAsync(Cancelled))
                await replica.DisposeAsync();
        }
    }

    [Fact]
    public async Task Passwords_stand_in_the_database_only_sealed()
    {
        await using NpgsqlConnection owner = await Host.Owner.OpenConnectionAsync(Cancelled);
        using AesGcmSecretProtector protector = Protector(0);
        string password = PasswordOf((await new DatabaseLogins(owner, protector).EnsureAsync(Host.ConnectionString, Cancelled)).App);
        password.Length.ShouldBeGreaterThanOrEqualTo(32);
        (await Host.QueryAsync($"SELECT count(*) FROM database_logins WHERE encode(password, 'escape') LIKE '%{password}%' OR encode(password, 'hex') LIKE '%{password}%'")).ShouldBe(0L);
    }

    [Fact]
    public async Task Another_key_ring_makes_new_passwords_and_serves()
    {
        // Not a copy: those share their logins, and this changes them.
        string database = await Postgres.CreateDatabaseAsync();
        await using Databases before = new(new DatabaseConnections(database)), after = new(new DatabaseConnections(database));
        using AesGcmSecretProtector first = Protector(0), second = Protector(1);
        await MigrateAsync(before, first);

        await MigrateAsync(after, second);

        await using NpgsqlConnection app = await after.App.OpenConnectionAsync(Cancelled);
        UserOf(after.App).ShouldBe(UserOf(before.App));
        before.App.Clear();
        (await Should.ThrowAsync<PostgresException>(async () => await before.App.OpenConnectionAsync(Cancelled))).SqlState.ShouldBe(PostgresErrorCodes.InvalidPassword);
    }

    [Theory]
    [InlineData("owner", "owns tables")]
    [InlineData("superuser", "superuser")]
    [InlineData("bypass", "bypass")]
    [InlineData("member", "owns tables, or may become who does")]
    public async Task A_login_that_row_level_security_does_not_bind_is_refused_at_start(string kind, string reason)
    {
        string app = kind switch
        {
            "owner" => Host.ConnectionString,
            "superuser" => await Postgres.GetAdminConnectionStringAsync(new NpgsqlConnectionStringBuilder(Host.ConnectionString).Database!),
            "bypass" => await MakeLoginAsync("isolation_bypass", "BYPASSRLS"),
            _ => await MakeLoginAsync("isolation_member", $"IN ROLE {Owner}"),
        };
        string engine = await MakeLoginAsync("isolation_engine", "");
        await using Databases databases = new(new DatabaseConnections(Host.ConnectionString, app, engine));

        DatabaseStartException refused = await Should.ThrowAsync<DatabaseStartException>(() => MigrateAsync(databases));

        refused.Message.ShouldContain(reason);
        refused.Message.ShouldContain("ConnectionStrings__McpxApp");
        refused.Message.ShouldNotContain("Password");
    }

    [Fact]
    public async Task Logins_of_the_operator_serve_and_later_without_the_owner()
    {
        string app = await MakeLoginAsync("isolation_app", ""), engine = await MakeLoginAsync("isolation_engine", "");
        string fresh = await Postgres.CreateDatabaseAsync();
        app = In(app, fresh);
        engine = In(engine, fresh);
        await using (Databases early = new(new DatabaseConnections(Owner: null, app, engine)))
            (await Should.ThrowAsync<DatabaseStartException>(() => MigrateAsync(early))).Message.ShouldContain("migrate");

        await using (Databases asOwner = new(new DatabaseConnections(fresh, app, engine))) await MigrateAsync(asOwner);

        await using Databases serving = new(new DatabaseConnections(Owner: null, app, engine));
        await MigrateAsync(serving);
        serving.Owner.ShouldBeNull();
        await using McpxDbContext context = new ScopedContexts(serving, new Lazy<ChainWriter>(() => throw new InvalidOperationException())).Open(DataScope.Everything);
        context.Organizations.ShouldBeEmpty();
        UserOf(serving.App).ShouldBe("isolation_app");
    }

    private static async Task<DatabaseInfo> MigrateAsync(Databases databases, ISecretProtector? protector = null)
    {
        using AesGcmSecretProtector usual = Protector(0);
        return await new DatabaseMigrator(databases, new Lazy<ISecretProtector>(protector ?? usual), NullLogger<DatabaseMigrator>.Instance, TimeProvider.System).MigrateAsync(Cancelled);
    }

    private static AesGcmSecretProtector Protector(byte key)
    {
        byte[] ring = new byte[KeyRing.MinimumKeyBytes];
        ring[0] = key;
        return new AesGcmSecretProtector(new KeyRing([ring]), DatabaseLogins.Purpose);
    }

    private static string PasswordOf(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString).Password!;

    private async Task<string> MakeLoginAsync(string name, string attributes)
    {
        await using NpgsqlConnection admin = new(await Postgres.GetAdminConnectionStringAsync());
        await admin.OpenAsync(Cancelled);
        await using NpgsqlCommand create = new($"CREATE ROLE {name} LOGIN PASSWORD '{name}' {attributes}", admin);
        try
        {
            await create.ExecuteNonQueryAsync(Cancelled);
        }
        catch (PostgresException e) when (e.SqlState is RoleExists or PostgresErrorCodes.UniqueViolation)
        {
            // Roles are the cluster's: another test has made it.
        }

        return new NpgsqlConnectionStringBuilder(Host.ConnectionString) { Username = name, Password = name }.ConnectionString;
    }

    private static string In(string login, string database) =>
        new NpgsqlConnectionStringBuilder(login) { Database = new NpgsqlConnectionStringBuilder(database).Database }.ConnectionString;

    private string Fill(string sql) =>
        sql.Replace("{owner}", Owner, StringComparison.Ordinal).Replace("{engine}", UserOf(Engine), StringComparison.Ordinal);

    private static string UserOf(NpgsqlDataSource source) => new NpgsqlConnectionStringBuilder(source.ConnectionString).Username!;
}
