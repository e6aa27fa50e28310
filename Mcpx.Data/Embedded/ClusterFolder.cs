// CA1416: EmbeddedPostgres.StartAsync refuses to run where file modes do not exist.
#pragma warning disable CA1416
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Mcpx.Data.Embedded;

/// <summary>
/// The files of one private cluster. <c>lock</c> and <c>password</c> belong to us; everything below
/// <c>server</c> belongs to the account that runs PostgreSQL, and only to it.
/// </summary>
internal sealed class ClusterFolder(string dataDirectory)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int PasswordLength = 64;

    // sun_path holds 107 bytes, and the server appends "/.s.PGSQL.5432.lock".
    private const int LongestSocketFolder = 80;

    // In a folder of somebody else root must not create and chown: a link planted there would hand out its
    // target. In our own it is done at every start, in case we were killed between the two.
    private const string ServerFolderScript = """
        if [ "$(stat -c %u "$1")" = 0 ]; then exec install -d -m 700 -o "$2" -g "$3" "$1/server"; fi
        [ -d "$1/server" ] || exec setpriv --reuid="$2" --regid="$3" --clear-groups --no-new-privs mkdir -m 700 "$1/server"
        """;

    public string Root { get; } = Path.GetFullPath(dataDirectory);

    public string Server => Path.Combine(Root, "server");

    public string Cluster => Path.Combine(Server, "cluster");

    public string PasswordFile => Path.Combine(Root, "password");

    public string PidFile => Path.Combine(Cluster, "postmaster.pid");

    /// <summary>Creates the folder and holds it until the stream is disposed or this process ends, however it ends.</summary>
    public FileStream Lock() => Guarded(() =>
    {
        Directory.CreateDirectory(Root, OwnerOnly | UnixFileMode.UserExecute);
        var path = Path.Combine(Root, "lock");
        try
        {
            return new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = OwnerOnly,
            });
        }
        catch (IOException e) when (File.Exists(path) && e.Message.Contains("used by another process", StringComparison.Ordinal))
        {
            throw new EmbeddedPostgresException(
                $"The database folder {Root} is in use by another mcpx: stop that one, or set MCPX_DATA to another folder.", e);
        }
    });

    public async Task CreateServerFolderAsync(ServerAccount? account, CancellationToken cancellationToken)
    {
        if (account is null)
        {
            Guarded(() => Directory.CreateDirectory(Server, OwnerOnly | UnixFileMode.UserExecute));
            return;
        }

        var made = await ShellCommand.RunAsync(ServerFolderScript, [Root, account.Uid, account.Gid], cancellationToken);
        if (made.ExitCode != 0) throw Unusable(made.LastErrorLine);
    }

    /// <summary>Major version of the cluster, or null when there is none yet.</summary>
    public int? ReadMajor() => Guarded<int?>(() =>
    {
        if (!Directory.Exists(Cluster)) return null;
        var path = Path.Combine(Cluster, "PG_VERSION");
        // The cluster gets its name only when complete, so this is not our half-written one: do not delete it.
        return File.Exists(path) && int.TryParse(File.ReadAllText(path).Trim(), CultureInfo.InvariantCulture, out var major)
            ? major
            : throw new EmbeddedPostgresException(
                $"{Cluster} is not a complete PostgreSQL cluster (PG_VERSION is missing): restore it from a backup, or move it away to start with an empty database.");
    });

    public string CreatePassword() => Guarded(() =>
    {
        var password = RandomNumberGenerator.GetHexString(PasswordLength, lowercase: true);
        File.Delete(PasswordFile);
        using var file = new FileStream(PasswordFile, new FileStreamOptions
        {
            // CreateNew never follows a link and never keeps the wider mode of an older file.
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
        });
        file.Write(Encoding.ASCII.GetBytes(password));
        file.Flush(flushToDisk: true);
        return password;
    });

    public string ReadPassword() => Guarded(() =>
    {
        var password = File.Exists(PasswordFile) ? File.ReadAllText(PasswordFile).Trim() : "";
        return password.Length == PasswordLength
            ? password
            : throw new EmbeddedPostgresException(
                $"The password of the embedded database is missing from {PasswordFile}: restore that file from a backup, or move {Server} away to start with an empty database.");
    });

    /// <summary>Whether clients can reach a socket below this folder: Npgsql splits host names at commas, and the kernel limits their length.</summary>
    public bool FitsSocket =>
        Encoding.UTF8.GetByteCount(SocketFolder) <= LongestSocketFolder && SocketFolder.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_');

    public string SocketFolder => Path.Combine(Server, "socket");

    public EmbeddedPostgresException Unusable(string reason) => new(reason.Contains("No space left", StringComparison.Ordinal)
        ? $"The disk that holds the database folder {Root} is full: free some space, or set MCPX_DATA to a folder on another disk."
        : $"The database folder {Root} cannot be used ({reason.TrimEnd('.')}): make it writable for this user, or set MCPX_DATA to another folder.");

    private T Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(e.Message);
        }
    }
}
