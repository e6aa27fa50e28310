using System.Globalization;

namespace Mcpx.Data.Embedded;

/// <summary>The account that runs the server when we are root: PostgreSQL refuses root, and the server needs none of its power.</summary>
internal sealed record ServerAccount(string Uid, string Gid)
{
    /// <summary>Null when the server runs as ourselves.</summary>
    public static async Task<ServerAccount?> ChooseAsync(ClusterFolder folder, CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess) return null;

        // Whoever owns the files already (a cluster made without root, a mounted volume) keeps them.
        foreach (var path in (string[])[folder.Server, folder.Root])
        {
            var owner = await ShellCommand.RunAsync("exec stat -c '%u %g' \"$1\"", [path], cancellationToken);
            if (owner.ExitCode == 0 && owner.Output.Trim().Split(' ') is [var uid, var gid] && uid != "0")
                return new ServerAccount(uid, gid);
        }

        return FromPasswd(await File.ReadAllLinesAsync("/etc/passwd", cancellationToken))
            ?? throw new EmbeddedPostgresException(
                "PostgreSQL does not run as root, and this machine has no user `postgres` or `nobody`: start mcpx as an ordinary user, or run `useradd --system postgres`.");
    }

    internal static ServerAccount? FromPasswd(IEnumerable<string> lines)
    {
        var users = lines.Select(line => line.Split(':')).Where(fields => fields.Length > 3 && IsOrdinary(fields[2])).ToList();
        var user = users.Find(f => f[0] == "postgres") ?? users.Find(f => f[0] == "nobody");
        return user is null ? null : new ServerAccount(user[2], user[3]);
    }

    private static bool IsOrdinary(string uid) => uint.TryParse(uid, CultureInfo.InvariantCulture, out var number) && number != 0;
}
