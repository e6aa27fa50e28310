using System.Globalization;

namespace Mcpx.Data.Embedded;

/// <summary>Where PostgreSQL may be installed: <c>MCPX_PG_BIN</c>, <c>PATH</c>, and Debian's versioned folders.</summary>
internal sealed record PostgresSearchPlaces(string? Named, string? Path, string VersionedRoot)
{
    public static PostgresSearchPlaces FromEnvironment() => new(
        Environment.GetEnvironmentVariable("MCPX_PG_BIN"),
        Environment.GetEnvironmentVariable("PATH"),
        "/usr/lib/postgresql");
}

/// <summary>A folder with <c>postgres</c> and <c>initdb</c> of one major version.</summary>
internal sealed record PostgresBinaries(string Folder, int Major)
{
    private const int OldestMajor = 15;

    /// <summary>The first usable place wins. An existing cluster asks for its own major version: no other can open it.</summary>
    /// <exception cref="EmbeddedPostgresException">Nothing usable is installed.</exception>
    public static async Task<PostgresBinaries> FindAsync(PostgresSearchPlaces places, int? major, CancellationToken cancellationToken)
    {
        var seen = new List<PostgresBinaries>();
        foreach (var folder in Candidates(places))
        {
            if (await ReadAsync(System.IO.Path.GetFullPath(folder), cancellationToken) is not { } found) continue;
            if (found.Major >= OldestMajor && (major is null || major == found.Major)) return found;
            seen.Add(found);
        }

        throw new EmbeddedPostgresException(Refusal(places, major, seen));
    }

    private static IEnumerable<string> Candidates(PostgresSearchPlaces places)
    {
        // A folder that the operator named is the only one asked: falling back would hide the typing mistake.
        if (!string.IsNullOrWhiteSpace(places.Named)) return [places.Named];

        var onPath = (places.Path ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Where(System.IO.Path.IsPathRooted);
        var versioned = Directory.Exists(places.VersionedRoot)
            ? Directory.EnumerateDirectories(places.VersionedRoot)
                .OrderByDescending(d => int.TryParse(System.IO.Path.GetFileName(d), CultureInfo.InvariantCulture, out var n) ? n : 0)
                .Select(d => System.IO.Path.Combine(d, "bin"))
            : [];
        return onPath.Concat(versioned);
    }

    private static async Task<PostgresBinaries?> ReadAsync(string folder, CancellationToken cancellationToken)
    {
        var server = System.IO.Path.Combine(folder, "postgres");
        if (!File.Exists(server) || !File.Exists(System.IO.Path.Combine(folder, "initdb"))) return null;

        var result = await ShellCommand.RunAsync("exec \"$1\" --version", [server], cancellationToken);
        // "postgres (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)", or "17beta1", "18devel" for what is not released yet.
        var number = result.Output.Split(' ', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(2) ?? "";
        var digits = string.Concat(number.TakeWhile(char.IsAsciiDigit));
        return result.ExitCode == 0 && int.TryParse(digits, CultureInfo.InvariantCulture, out var major)
            ? new PostgresBinaries(folder, major)
            : null;
    }

    private static string Refusal(PostgresSearchPlaces places, int? major, List<PostgresBinaries> seen)
    {
        var found = seen.Count == 0 ? "" : $" (found only version {string.Join(", ", seen.Select(s => s.Major).Distinct())})";
        if (!string.IsNullOrWhiteSpace(places.Named))
            return $"MCPX_PG_BIN={places.Named} holds no postgres and initdb of version {Wanted(major)}{found}: correct it, or unset it to search PATH and {places.VersionedRoot}.";
        return major is { } version
            ? $"The embedded database was made by PostgreSQL {version}, which is not installed{found}: run `apt-get install postgresql-{version}`, or set MCPX_PG_BIN to the folder of its binaries."
            : $"PostgreSQL {Wanted(null)} is not installed{found}: run `apt-get install postgresql`, or set MCPX_PG_BIN to the folder that holds `postgres` and `initdb`.";
    }

    private static string Wanted(int? major) => major is { } version ? $"{version}" : $"{OldestMajor} or newer";
}
