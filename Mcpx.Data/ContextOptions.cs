using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Logging;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure;

namespace Mcpx.Data;

/// <summary>What every context of this project is set up with, however it reaches the database.</summary>
internal static class ContextOptions
{
    /// <summary>
    /// The provider's own strategy does not retry either, but hides the exception of a database that is away in one that says
    /// so: whoever goes on without the database then has to know of both.
    /// </summary>
    public static void Common(NpgsqlDbContextOptionsBuilder npgsql) =>
        npgsql.MigrationsHistoryTable("schema_migrations").ExecutionStrategy(dependencies => new NonRetryingExecutionStrategy(dependencies));

    /// <summary>A taken slug is an answer to somebody, not an error of ours: whoever catches the exception logs it.</summary>
    public static DbContextOptionsBuilder LogQuietly(this DbContextOptionsBuilder options) => options.ConfigureWarnings(warnings => warnings.Log(
        (RelationalEventId.CommandExecuted, LogLevel.Debug),
        (RelationalEventId.CommandError, LogLevel.Debug),
        (CoreEventId.SaveChangesFailed, LogLevel.Debug))
        // A required relation leads to a row of the same organisation, which the same filter lets through.
        .Ignore(CoreEventId.PossibleIncorrectRequiredNavigationWithQueryFilterInteractionWarning));
}

/// <summary>For <c>dotnet ef migrations add</c>, which reads the model and connects to nothing.</summary>
internal sealed class DesignTimeContextFactory : IDesignTimeDbContextFactory<McpxDbContext>
{
    public McpxDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<McpxDbContext>().UseNpgsql(ContextOptions.Common).Options, DataScope.Everything);
}
