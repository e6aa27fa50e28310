using System.Globalization;
using System.Runtime.InteropServices;
using Mcpx.Data;
using Mcpx.Data.Copying;
using Npgsql;

namespace Mcpx.Web.Hosting;

/// <summary>
/// <c>database copy</c>: copies the database of a stopped gateway (<c>ConnectionStrings__Mcpx</c>) into an empty one
/// (<c>ConnectionStrings__McpxTarget</c>), to another server or to the other edition. The source stays as it is.
/// </summary>
internal static class DatabaseCommand
{
    private const string Usage = "Use: database copy, with ConnectionStrings__Mcpx and ConnectionStrings__McpxTarget.";

    /// <summary>Returns the exit code; what is wrong comes as an exception that names the mend.</summary>
    public static async Task<int> RunAsync(string verb, string[] settings)
    {
        if (verb is not "copy") throw new ConfigurationException([Usage]);
        WebApplicationBuilder builder = McpxApp.CreateBuilder([.. settings, "--MCPX_MIGRATE=true"]);
        List<string> mistakes = [];
        DatabaseSettings database = DatabaseSettings.Read(builder.Configuration, []);
        string? target = builder.Configuration.GetConnectionString("McpxTarget");
        if (database.Owner is null) mistakes.Add("ConnectionStrings__Mcpx is not set: it names the database that is copied, as its owner.");
        if (string.IsNullOrWhiteSpace(target)) mistakes.Add("ConnectionStrings__McpxTarget is not set: it names the new, empty database, as its owner.");
        else if (!IsReadable(target)) mistakes.Add("ConnectionStrings__McpxTarget can't be read: use Host=…;Database=…;Username=…;Password=….");
        // Both databases are opened with the same keys, since what is sealed is copied as it is.
        string? key = new KeyReader(builder.Configuration, mistakes).Read(isEmbedded: false, isRequired: builder.Environment.IsProduction()).Keys;
        if (mistakes.Count > 0) throw new ConfigurationException(mistakes);

        ServiceCollection services = new();
        services.AddLogging(log => log.AddConsole().SetMinimumLevel(LogLevel.Warning));
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(_ => KeyRingFile.Load(key, McpxOptions.DataDirectoryOf(builder.Configuration)));
        services.AddMcpxData(_ => new DatabaseConnections(target, LoginOf(target!, database.App), LoginOf(target!, database.Engine)));
        await using ServiceProvider provider = services.BuildServiceProvider();
        return await CopyAsync(provider.GetRequiredService<DatabaseCopy>(), database.Owner!);
    }

    private static async Task<int> CopyAsync(DatabaseCopy copy, string source)
    {
        using CancellationTokenSource interrupted = new();
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt), interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        try
        {
            IReadOnlyList<CopiedTable> tables = await copy.RunAsync(source, new Lines(), interrupted.Token);
            await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"Copied: {tables.Sum(t => t.Rows):N0} rows of {tables.Count} tables, counted on both sides. Start the gateway with ConnectionStrings__Mcpx naming the target; the source is as it was."));
            return 0;
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Interrupted: no row was written. The copy may be started again.");
            return 1;
        }

        void Interrupt(PosixSignalContext context)
        {
            context.Cancel = true;
            interrupted.Cancel();
        }
    }

    private static bool IsReadable(string connectionString)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(connectionString).Host is { Length: > 0 };
        }
        catch (ArgumentException)
        {
            // What it says may have the password in it.
            return false;
        }
    }

    /// <summary>A login of the operators' own, as it reaches the target: roles are a server's and not a database's, so it must be there too.</summary>
    private static string? LoginOf(string target, string? login)
    {
        if (login is null) return null;
        NpgsqlConnectionStringBuilder of = new(login);
        return new NpgsqlConnectionStringBuilder(target) { Username = of.Username, Password = of.Password }.ConnectionString;
    }

    private sealed class Lines : ICopyProgress
    {
        public void Began(DatabaseInfo source, DatabaseInfo target)
        {
            Console.Out.WriteLine($"From {Describe(source)} to {Describe(target)}.");
            if (target is { Edition: DatabaseEdition.Plain, CouldUseTimescale: true })
                Console.Out.WriteLine("TimescaleDB is installed at the target but not enabled in the database, so this copy is plain. For the other edition, stop here, make the database anew and run CREATE EXTENSION timescaledb in it first.");
            else if (target is { Edition: DatabaseEdition.Plain, ExtensionVersion: not null })
                Console.Out.WriteLine("The target's TimescaleDB is older than 2.20 or of the Apache edition, so this copy is plain.");
        }

        public void Copied(CopiedTable table) => Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{table.Name}: {table.Rows:N0} rows, {table.Took.TotalSeconds:0.0} s"));

        private static string Describe(DatabaseInfo info) =>
            $"PostgreSQL {info.ServerVersion}{(info.Edition is DatabaseEdition.Timescale ? $" with TimescaleDB {info.ExtensionVersion}" : ", plain")}";
    }
}
