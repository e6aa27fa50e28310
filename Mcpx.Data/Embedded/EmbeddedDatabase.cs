using Microsoft.Extensions.Logging;

namespace Mcpx.Data.Embedded;

/// <summary>The embedded profile's private database, as the host sees it. Dispose it last: the journal drains into it.</summary>
public sealed class EmbeddedDatabase : IAsyncDisposable
{
    private const string Folder = "postgres";

    private readonly EmbeddedPostgres _server;

    private EmbeddedDatabase(EmbeddedPostgres server) => _server = server;

    public string ConnectionString => _server.ConnectionString;

    /// <summary>Completes when the server is gone, asked or not.</summary>
    public Task Ended => _server.Ended;

    /// <param name="dataDirectory">The installation's data directory; the cluster gets a folder of its own in it.</param>
    /// <exception cref="DatabaseStartException">One line with the mend.</exception>
    public static async Task<EmbeddedDatabase> StartAsync(string dataDirectory, ILogger logger, CancellationToken cancellationToken)
    {
        try
        {
            EmbeddedPostgresOptions options = new() { DataDirectory = Path.Combine(dataDirectory, Folder), Logger = logger };
            return new EmbeddedDatabase(await EmbeddedPostgres.StartAsync(options, cancellationToken));
        }
        catch (EmbeddedPostgresException e)
        {
            throw new DatabaseStartException(e.Message, e);
        }
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
