using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mcpx.Data.Embedded;

internal sealed record EmbeddedPostgresOptions
{
    /// <summary>Folder that holds cluster, password, socket and lock; created when missing.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Name of the database and of the role that owns it.</summary>
    public string Database { get; init; } = "mcpx";

    /// <summary>No fsync, and the files are deleted at the end, even when this process is killed. For tests.</summary>
    public bool Throwaway { get; init; }

    /// <summary>Server settings on top of the built-in ones.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Where to look for the binaries; null takes the process environment.</summary>
    public PostgresSearchPlaces? SearchPlaces { get; init; }

    public ILogger Logger { get; init; } = NullLogger.Instance;

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Long, because replaying the log after a crash counts as starting.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a fast shutdown may take before the server is stopped the hard way.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
