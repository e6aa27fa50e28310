using Mcpx.Core.Identity;
using Mcpx.Data;
using Mcpx.Data.Embedded;

namespace Mcpx.Web.Hosting;

/// <summary>The application together with what it brought along: in the embedded profile, its database.</summary>
internal sealed partial class McpxInstance : IAsyncDisposable
{
    private static readonly TimeSpan DatabasePatience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan DatabaseRetry = TimeSpan.FromSeconds(2);

    private readonly EmbeddedDatabase? _database;

    private McpxInstance(WebApplication app, EmbeddedDatabase? database)
    {
        App = app;
        _database = database;
    }

    public WebApplication App { get; }

    /// <exception cref="ConfigurationException">The set-up is wrong; the message is for the operator.</exception>
    /// <exception cref="DatabaseStartException">The embedded database does not start; the message says why.</exception>
    public static async Task<McpxInstance> CreateAsync(string[] args, Action<WebApplicationBuilder>? customize = null)
    {
        WebApplicationBuilder builder = McpxApp.CreateBuilder(args);
        McpxOptions options = McpxOptions.Read(builder.Configuration, builder.Environment.IsProduction());
        EmbeddedDatabase? database = null;
        // Beside what starts the database and puts the application together; whoever asks for the model first waits for it.
        Task model = Task.Run(DatabaseMigrator.PrepareModel);
        try
        {
            if (options.IsEmbedded)
            {
                using ILoggerFactory loggers = LoggerFactory.Create(l => l.AddConfiguration(builder.Configuration.GetSection("Logging")).AddConsole());
                Directory.CreateDirectory(options.DataDirectory);
                database = await EmbeddedDatabase.StartAsync(options.DataDirectory, loggers.CreateLogger<EmbeddedDatabase>(), CancellationToken.None);
            }

            if (database is not null) options = options with { Database = options.Database with { Owner = database.ConnectionString } };
            WebApplication app = McpxApp.Build(builder, options, customize);
            if (database is not null) StopWithoutDatabase(app, database);
            await model;
            await MigrateAsync(app);
            await app.Services.GetRequiredService<TokenPeppers>().LoadAsync(CancellationToken.None);
            if (options.JwtSecretStandsIn) LogStandIn(app.Services.GetRequiredService<ILogger<McpxInstance>>());
            return new McpxInstance(app, database);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new ConfigurationException([$"The data directory {options.DataDirectory} can't be used: {e.Message} Set MCPX_DATA to a directory that this user may write."]);
        }
        catch
        {
            if (database is not null) await database.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        // Last: what the application wrote while it stopped went there.
        if (_database is not null) await _database.DisposeAsync();
    }

    /// <summary>
    /// Before anything else starts, since everything else asks the database. One that is not up yet is waited for, so
    /// that gateway and database may be started together.
    /// </summary>
    private static async Task MigrateAsync(WebApplication app)
    {
        TimeProvider time = app.Services.GetRequiredService<TimeProvider>();
        ILogger logger = app.Services.GetRequiredService<ILogger<McpxInstance>>();
        long started = time.GetTimestamp();
        while (true)
        {
            try
            {
                await app.Services.GetRequiredService<DatabaseMigrator>().MigrateAsync(CancellationToken.None);
                return;
            }
            catch (DatabaseStartException e) when (e.IsTransient && time.GetElapsedTime(started) < DatabasePatience)
            {
                LogWaiting(logger, e.Message);
                await Task.Delay(DatabaseRetry, time);
            }
        }
    }

    private static void StopWithoutDatabase(WebApplication app, EmbeddedDatabase database)
    {
        ILogger logger = app.Services.GetRequiredService<ILogger<McpxInstance>>();
        _ = database.Ended.ContinueWith(_ =>
        {
            if (app.Lifetime.ApplicationStopping.IsCancellationRequested) return;
            LogDatabaseGone(logger);
            Environment.ExitCode = 1;
            app.Lifetime.StopApplication();
        }, TaskScheduler.Default);
    }

    [LoggerMessage(6011, LogLevel.Warning, "{Reason} Trying again.")]
    private static partial void LogWaiting(ILogger logger, string reason);

    [LoggerMessage(6124, LogLevel.Warning, "ENCRYPTION_KEY is not set: the keys that protect stored secrets come from JWT_SECRET. Set ENCRYPTION_KEY (openssl rand -base64 32), keep JWT_SECRET beside it, and rotate; see docs/operations.md, Keys.")]
    private static partial void LogStandIn(ILogger logger);

    [LoggerMessage(6010, LogLevel.Critical, "The embedded database ended; stopping.")]
    private static partial void LogDatabaseGone(ILogger logger);
}
