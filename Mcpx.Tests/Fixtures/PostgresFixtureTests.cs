using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Fixtures;

public sealed class PostgresFixtureTests(PostgresFixture postgres)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_copy_of_a_template_has_its_content_and_is_its_own()
    {
        var template = await postgres.GetOrCreateTemplateAsync("fixture_copy", PrepareAsync);
        var copies = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => postgres.CreateDatabaseAsync(template)));

        await ExecuteAsync(copies[0], "insert into things values (2)");

        (await ExecuteAsync(copies[0], "select count(*) from things")).ShouldBe(2L);
        (await ExecuteAsync(copies[1], "select count(*) from things")).ShouldBe(1L);
        copies.Distinct(StringComparer.Ordinal).Count().ShouldBe(4);
    }

    [Fact]
    public async Task A_template_is_prepared_once_however_many_ask()
    {
        var times = 0;
        var templates = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => postgres.GetOrCreateTemplateAsync("fixture_once", connection =>
        {
            Interlocked.Increment(ref times);
            return PrepareAsync(connection);
        })));

        times.ShouldBe(1);
        templates.Distinct(StringComparer.Ordinal).ShouldHaveSingleItem();
    }

    private static Task PrepareAsync(string connectionString) => ExecuteAsync(connectionString, "create table things (id int); insert into things values (1)");

    private static async Task<object?> ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(Cancelled);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Cancelled);
    }
}
