using Mcpx.Data.Isolation;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Isolation;

/// <summary>What the logins may not do to figures: nobody who serves changes one, and the application reads its organisation's only.</summary>
public sealed class FigureLoginTests(PostgresFixture postgres) : DataTests(postgres)
{
    [Theory]
    [InlineData("SELECT * FROM metric_1m")]
    [InlineData("SELECT * FROM metric_caller_1d")]
    [InlineData("SELECT * FROM metric_events")]
    [InlineData("COPY metric_events FROM STDIN")]
    [InlineData("SELECT metrics_make_partitions(now(), now())")]
    [InlineData("SELECT metrics_note_late(ARRAY[now()])")]
    [InlineData("SELECT metrics_close(now(), interval '1 hour')")]
    [InlineData("SELECT metrics_roll_up('1m')")]
    [InlineData("SELECT metrics_delete(gen_random_uuid(), '1m', now())")]
    [InlineData("SELECT metrics_drop('1m', now())")]
    [InlineData("SELECT metrics_ended('1m')")]
    public async Task The_application_s_login_may_not(string sql) => (await TryAsync(Host.Get<Databases>().App, sql)).ShouldBe(PostgresErrorCodes.InsufficientPrivilege);

    [Theory]
    [InlineData("UPDATE metric_events SET outcome = 0")]
    [InlineData("DELETE FROM metric_events")]
    [InlineData("TRUNCATE metric_events")]
    [InlineData("DROP TABLE metric_events")]
    public async Task Neither_login_may(string sql)
    {
        (await TryAsync(Host.Get<Databases>().App, sql)).ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
        (await TryAsync(Host.Get<Databases>().Engine, sql)).ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    private static async Task<string?> TryAsync(NpgsqlDataSource login, string sql)
    {
        await using NpgsqlCommand command = login.CreateCommand(sql);
        return (await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Cancelled))).SqlState;
    }
}
