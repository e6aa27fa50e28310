using Mcpx.Data;

namespace Mcpx.Web.Hosting;

/// <summary>
/// <c>migrate</c>: brings the database to this release's schema as its owner, and ends. For installations whose gateway
/// runs without the owner's credential (<c>MCPX_MIGRATE=false</c>). It reads how the database is reached, and nothing that
/// serving people takes.
/// </summary>
internal static class MigrateCommand
{
    /// <summary>Returns the exit code; what is wrong comes as an exception that names the mend.</summary>
    public static async Task<int> RunAsync(string[] settings)
    {
        WebApplicationBuilder builder = McpxApp.CreateBuilder([.. settings, "--MCPX_MIGRATE=true"]);
        List<string> mistakes = [];
        DatabaseSettings database = DatabaseSettings.Read(builder.Configuration, mistakes);
        if (database.IsEmbedded)
            mistakes.Add("ConnectionStrings__Mcpx is not set: `migrate` needs the connection of the database's owner. The embedded database migrates itself.");
        // It seals the passwords of the logins that are made here, and nothing else.
        string? key = database.App is null ? new KeyReader(builder.Configuration, mistakes).Read(isEmbedded: false, isRequired: builder.Environment.IsProduction()).Keys : null;
        if (mistakes.Count > 0) throw new ConfigurationException(mistakes);

        ServiceCollection services = new();
        services.AddLogging(log => log.AddConsole());
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(_ => KeyRingFile.Load(key, McpxOptions.DataDirectoryOf(builder.Configuration)));
        services.AddMcpxData(_ => database.Connections);
        await using ServiceProvider provider = services.BuildServiceProvider();
        await provider.GetRequiredService<DatabaseMigrator>().MigrateAsync(CancellationToken.None);
        await Console.Out.WriteLineAsync("The database is at this release's schema.");
        return 0;
    }
}
