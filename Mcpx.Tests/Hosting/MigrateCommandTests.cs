using Mcpx.Tests.Fixtures;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Hosting;

/// <summary><c>mcpx migrate</c> as a process, in production, with nothing that serving people takes.</summary>
public sealed class MigrateCommandTests(PostgresFixture postgres)
{
    [Fact]
    public async Task It_sets_an_empty_database_up_and_changes_nothing_the_second_time()
    {
        var database = await postgres.CreateDatabaseAsync();
        string[] settings = [$"--ConnectionStrings:Mcpx={database}", $"--ENCRYPTION_KEY={GatewayFixture.EncryptionKey}"];

        var first = await RunAsync(settings);
        first.ExitCode.ShouldBe(0, first.Error);
        first.Output.ShouldContain("The database is at this release's schema.");
        var before = await StateAsync(database);
        before.ShouldContain("organizations");

        // What serving reads and would refuse is none of its business.
        var second = await RunAsync([.. settings, "--SMTP_URL=nonsense", "--PUBLIC_URL=nonsense", "--EGRESS_ALLOW=nonsense", "--OIDC_CLIENT_ID=half"]);
        second.ExitCode.ShouldBe(0, second.Error);
        (await StateAsync(database)).ShouldBe(before);
    }

    [Fact]
    public async Task Logins_of_the_operators_need_no_key()
    {
        var database = await postgres.CreateDatabaseAsync();
        var (app, engine) = (await LoginAsync(database, "migrate_app"), await LoginAsync(database, "migrate_engine"));
        string[] settings = [$"--ConnectionStrings:Mcpx={database}", $"--ConnectionStrings:McpxApp={app}", $"--ConnectionStrings:McpxEngine={engine}"];

        var run = await RunAsync(settings);

        run.ExitCode.ShouldBe(0, run.Error);
    }

    [Fact]
    public async Task Without_the_owner_or_a_key_for_the_logins_it_says_what_to_set()
    {
        (await RunAsync([$"--ENCRYPTION_KEY={GatewayFixture.EncryptionKey}"])).ShouldSatisfyAllConditions(
            run => run.ExitCode.ShouldBe(1), run => run.Error.ShouldContain("ConnectionStrings__Mcpx"));
        (await RunAsync(["--ConnectionStrings:Mcpx=Host=nowhere.invalid"])).ShouldSatisfyAllConditions(
            run => run.ExitCode.ShouldBe(1), run => run.Error.ShouldContain("ENCRYPTION_KEY"));
    }

    private static Task<ProgramResult> RunAsync(string[] settings) => ProgramRun.RunAsync(
        Path.Combine(Repository.OutputOf("Mcpx.Web"), "Mcpx.Web"), ["migrate", .. settings], null, TestContext.Current.CancellationToken);

    /// <summary>Tables with their columns, what was applied, and the logins.</summary>
    private static async Task<string> StateAsync(string database)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("""
            SELECT string_agg(line, E'\n' ORDER BY line) FROM (
                SELECT format('%s.%s %s', table_name, column_name, data_type) AS line FROM information_schema.columns WHERE table_schema = 'public'
                UNION ALL SELECT m::text FROM schema_migrations m UNION ALL SELECT s::text FROM schema_scripts s
                UNION ALL SELECT i::text FROM schema_isolation i UNION ALL SELECT l::text FROM database_logins l) AS everything
            """);
        return (string)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

    private async Task<string> LoginAsync(string database, string name)
    {
        await using var admin = NpgsqlDataSource.Create(await postgres.GetAdminConnectionStringAsync());
        await using var create = admin.CreateCommand($"CREATE ROLE {name} LOGIN PASSWORD '{name}'");
        await create.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        return new NpgsqlConnectionStringBuilder(database) { Username = name, Password = name }.ConnectionString;
    }
}
