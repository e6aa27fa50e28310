namespace Mcpx.Data.Embedded;

/// <summary>A server that outlived its application: it must end before a new one starts on the same files.</summary>
internal static class OrphanServer
{
    // Prints "stopped" when there was one. A server is known by its working folder and name: the number
    // in postmaster.pid alone may meanwhile belong to an innocent process.
    private const string Script = """
        servers() {
            for p in /proc/[0-9]*; do
                [ "$p/cwd" -ef "$1" ] && read -r name <"$p/comm" && [ "$name" = postgres ] && echo "${p#/proc/}"
            done 2>/dev/null
        }
        found=$(servers "$1")
        [ -n "$found" ] && echo stopped
        for signal in INT QUIT KILL; do
            [ -z "$found" ] || kill -s "$signal" $found 2>/dev/null
            n=0
            while found=$(servers "$1"); [ -n "$found" ] && [ $n -lt 100 ]; do n=$((n + 1)); sleep 0.1; done
            [ -z "$found" ] && break
        done
        [ -z "$found" ] || { echo "processes $(echo $found) still use $1" >&2; exit 1; }
        # A number that was given to another process of the same user would make the server refuse to start.
        rm -f "$1/postmaster.pid"
        """;

    public static async Task StopAsync(ClusterFolder folder, EmbeddedPostgresOptions options, CancellationToken cancellationToken)
    {
        // A server removes this file as its last act.
        if (!File.Exists(folder.PidFile)) return;

        var result = await ShellCommand.RunAsync(Script, [folder.Cluster], cancellationToken);
        if (result.ExitCode != 0)
            throw new EmbeddedPostgresException($"A PostgreSQL server of an earlier run does not stop ({result.LastErrorLine}): end it, then start again.");
        if (result.Output.Length > 0) Log.OrphanStopped(options.Logger, folder.Root);
    }
}
