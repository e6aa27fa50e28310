namespace Mcpx.Data.Embedded;

/// <summary>Runs <c>initdb</c>, so that a machine that dies meanwhile leaves nothing that looks like a cluster.</summary>
internal static class ClusterCreator
{
    // Arguments: folder, binaries, extra option. The password comes on stdin; `cat` makes the pipe
    // belong to this account, which may not open the one that root made.
    private const string Script = """
        umask 077
        rm -rf "$1"/cluster.new-*
        [ -x "$2/initdb" ] || { echo "user $(id -un) may not run $2/initdb" >&2; exit 3; }
        new=$(mktemp -d "$1/cluster.new-XXXXXX") || exit
        if cat | "$2/initdb" -D "$new" --username=postgres --pwfile=/dev/stdin --auth=scram-sha-256 \
            --data-checksums --encoding=UTF8 --locale=C.UTF-8 --lc-messages=C "$3" >/dev/null
        then
            [ "$3" = --no-sync ] || sync "$new"
            mv -T "$new" "$1/cluster" && { [ "$3" = --no-sync ] || sync "$1"; }
        else
            rm -rf "$new"
            exit 1
        fi
        """;

    public static async Task<string> CreateAsync(
        ClusterFolder folder, ServerAccount? account, PostgresBinaries binaries, EmbeddedPostgresOptions options, CancellationToken cancellationToken)
    {
        Log.ClusterCreating(options.Logger, folder.Root, binaries.Major);
        // A new password with every attempt: whatever an attempt that died left behind is not trusted.
        var password = folder.CreatePassword();
        var command = ShellCommand.Describe(
            account, folder.Server, Script, [binaries.Folder, options.Throwaway ? "--no-sync" : "--no-instructions"]);
        var result = await ShellCommand.RunAsync(command, password, cancellationToken);
        if (result.ExitCode != 0) throw Refusal(folder, account, binaries, result);
        return password;
    }

    private static EmbeddedPostgresException Refusal(
        ClusterFolder folder, ServerAccount? account, PostgresBinaries binaries, ShellResult result)
    {
        // initdb names the failed call first and then says what it removed.
        var reason = result.Error.Split('\n').FirstOrDefault(l => l.Contains("error:", StringComparison.Ordinal) || l.Contains("FATAL", StringComparison.Ordinal))
            ?? result.LastErrorLine;
        if (result.Error.Contains("No space left", StringComparison.Ordinal)) return folder.Unusable("No space left");
        if (result.Error.Contains("may not run", StringComparison.Ordinal))
            return new EmbeddedPostgresException($"{result.LastErrorLine}: set MCPX_PG_BIN to binaries that this user can read, or run `apt-get install postgresql`.");
        return account is null
            ? folder.Unusable($"initdb of {binaries.Folder} failed: {reason.Trim()}")
            : folder.Unusable($"initdb of {binaries.Folder} failed for user id {account.Uid}: {reason.Trim()}");
    }
}
