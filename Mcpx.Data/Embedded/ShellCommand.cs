using System.Diagnostics;

namespace Mcpx.Data.Embedded;

internal sealed record ShellResult(int ExitCode, string Output, string Error)
{
    public string LastErrorLine =>
        Error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? $"exit code {ExitCode}";
}

/// <summary>Short shell scripts, and the way to start one as somebody else.</summary>
internal static class ShellCommand
{
    // How a script of another account reaches the folder; the shell below opens the descriptor.
    private const string FolderDescriptor = "/proc/self/fd/9";

    /// <summary>The script's first argument is the folder under the name by which its account can reach it.</summary>
    public static ProcessStartInfo Describe(ServerAccount? account, string folder, string script, IEnumerable<string> arguments)
    {
        // `setsid`: Ctrl-C in a terminal goes to the whole process group, and would stop the
        // server while the application still writes its last records into it.
        string[] words = account is null
            ? ["setsid", "/bin/sh", "-c", script, "mcpx-postgres", folder, .. arguments]
            : [
                // The folder may lie below one that the account cannot enter (/root is 0700). The
                // descriptor leads into the folder past its parents, and opens nothing else.
                "/bin/sh", "-c", "exec 9<\"$1\" && shift && exec \"$@\"", "mcpx-postgres", folder,
                "setsid", "setpriv", $"--reuid={account.Uid}", $"--regid={account.Gid}", "--clear-groups", "--no-new-privs",
                "/bin/sh", "-c", script, "mcpx-postgres", FolderDescriptor, .. arguments,
            ];
        return Describe(words);
    }

    public static Task<ShellResult> RunAsync(string script, IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        RunAsync(Describe(["/bin/sh", "-c", script, "mcpx-postgres", .. arguments]), "", cancellationToken);

    public static async Task<ShellResult> RunAsync(ProcessStartInfo command, string input, CancellationToken cancellationToken)
    {
        using var process = Start(command);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            await WriteInputAsync(process, input);
            await process.WaitForExitAsync(cancellationToken);
            return new ShellResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    public static Process Start(ProcessStartInfo command)
    {
        try
        {
            return Process.Start(command) ?? throw new EmbeddedPostgresException($"Cannot start {command.FileName}.");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new EmbeddedPostgresException($"Cannot start {command.FileName} ({e.Message}): install util-linux and a POSIX shell.", e);
        }
    }

    private static async Task WriteInputAsync(Process process, string input)
    {
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The script ended before it read: its exit code and its error text say why.
        }
    }

    private static ProcessStartInfo Describe(string[] words)
    {
        var command = new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            // The folder we were started in may be closed to the account, and PostgreSQL complains about that.
            WorkingDirectory = "/",
        };
        // Our environment holds secrets (ENCRYPTION_KEY, connection strings) that any process of the
        // server's account could read in /proc, and PG* variables that would change what the server does.
        var libraries = command.Environment.TryGetValue("LD_LIBRARY_PATH", out var value) ? value : null;
        command.Environment.Clear();
        command.Environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        command.Environment["LC_ALL"] = "C";
        if (libraries is not null) command.Environment["LD_LIBRARY_PATH"] = libraries;
        return command;
    }
}
