using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Mcpx.Data.Embedded;

/// <summary>
/// The running server and its guard: a shell that holds the reading end of a pipe from us. However we
/// end, the kernel closes our end, and the guard then asks the server for a fast shutdown.
/// </summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    // PDEATHSIG would be shorter, but it fires when the thread that forked ends, and .NET's pool ends threads.
    // Arguments: folder, binaries, "keep" or "delete", socket folder, settings.
    private const string Guard = """
        trap '' HUP INT TERM PIPE
        folder=$1 binaries=$2 files=$3 socket=$4
        shift 4
        # The lock file of an earlier socket names a process, which by now may be somebody else.
        [ -n "$socket" ] || { socket=$folder/socket; mkdir -p -m 700 "$socket"; rm -f "$socket"/.s.PGSQL.*; }
        exec 3<&0
        "$binaries/postgres" -D "$folder/cluster" -c "unix_socket_directories=$socket" "$@" </dev/null 3<&- &
        server=$!
        ( while read -r _ <&3; do :; done; kill -INT "$server" ) </dev/null >/dev/null 2>&1 &
        watcher=$!
        exec 3<&-
        echo "$server"
        wait "$server"
        status=$?
        kill -KILL "$watcher" 2>/dev/null
        case $socket in /tmp/mcpx-*) rm -rf "$socket" ;; esac
        [ "$files" = keep ] || rm -rf "$folder"/*
        exit "$status"
        """;

    private const int KeptLines = 20;

    private readonly Process _guard;
    private readonly ClusterFolder _folder;
    private readonly EmbeddedPostgresOptions _options;
    private readonly ConcurrentQueue<string> _lastLines = new();
    private readonly Task _reading;
    private volatile bool _stopping;

    private ServerProcess(Process guard, ClusterFolder folder, EmbeddedPostgresOptions options)
    {
        _guard = guard;
        _folder = folder;
        _options = options;
        _reading = ReadLogAsync();
        Ended = WatchAsync();
    }

    /// <summary>Completes when the server is gone, asked or not.</summary>
    public Task Ended { get; }

    public int ProcessId { get; private set; }

    public static ServerProcess Start(
        ClusterFolder folder, ServerAccount? account, PostgresBinaries binaries, string socketFolder, EmbeddedPostgresOptions options)
    {
        // Below the server's own folder the path is given as its account sees it.
        var socket = socketFolder == folder.SocketFolder ? "" : socketFolder;
        var settings = ServerSettings.For(options).SelectMany(s => (string[])["-c", $"{s.Key}={s.Value}"]);
        var command = ShellCommand.Describe(
            account, folder.Server, Guard, [binaries.Folder, options.Throwaway ? "delete" : "keep", socket, .. settings]);
        return new ServerProcess(ShellCommand.Start(command), folder, options);
    }

    /// <summary>Waits until the server accepts connections.</summary>
    public async Task ReadyAsync(CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(_options.StartTimeout, _options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            var first = await _guard.StandardOutput.ReadLineAsync(either.Token);
            ProcessId = int.TryParse(first, CultureInfo.InvariantCulture, out var id) ? id : 0;
            while (!IsReady())
            {
                var pause = Task.Delay(TimeSpan.FromMilliseconds(20), _options.TimeProvider, either.Token);
                if (await Task.WhenAny(Ended, pause) == Ended) throw Refusal("PostgreSQL did not start");
                await pause;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Refusal($"PostgreSQL was not ready after {_options.StartTimeout.TotalSeconds:0} s");
        }
    }

    /// <summary>Closing the pipe is all it takes: the guard does for us what it would do without us.</summary>
    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        try
        {
            await CloseInputAsync();
            using var deadline = new CancellationTokenSource(_options.StopTimeout, _options.TimeProvider);
            try
            {
                await Ended.WaitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                // A backend that does not come back: the next step signals harder.
            }

            await OrphanServer.StopAsync(_folder, _options, CancellationToken.None);
            await Ended;
        }
        finally
        {
            _guard.Dispose();
        }
    }

    private async Task CloseInputAsync()
    {
        try
        {
            await _guard.StandardInput.DisposeAsync();
        }
        catch (IOException)
        {
            // The guard is gone already, and with it the reader of this pipe.
        }
    }

    private bool IsReady()
    {
        try
        {
            // The file of a killed server may still lie there: it names another process.
            var lines = File.ReadAllLines(_folder.PidFile);
            return lines.Length > 7 && lines[0].Trim() == $"{ProcessId}" && lines[7].Trim() == "ready";
        }
        catch (IOException)
        {
            return false;
        }
    }

    private EmbeddedPostgresException Refusal(string what)
    {
        var said = _lastLines.LastOrDefault(l => l.Contains("FATAL", StringComparison.Ordinal) || l.Contains("PANIC", StringComparison.Ordinal))
            ?? _lastLines.LastOrDefault() ?? "it said nothing";
        return said.Contains("No space left", StringComparison.Ordinal)
            ? _folder.Unusable(said)
            : new EmbeddedPostgresException($"{what} in {_folder.Root} ({said}): mend the cause, or restore that folder from a backup.");
    }

    private async Task ReadLogAsync()
    {
        while (await _guard.StandardError.ReadLineAsync() is { } line)
        {
            _lastLines.Enqueue(line);
            if (_lastLines.Count > KeptLines) _lastLines.TryDequeue(out _);
            var loud = line.StartsWith("WARNING", StringComparison.Ordinal) || line.StartsWith("FATAL", StringComparison.Ordinal) || line.StartsWith("PANIC", StringComparison.Ordinal);
            // Every connection that a shutdown cuts off says FATAL.
            if (loud && !_stopping) Log.ServerComplained(_options.Logger, line);
            else Log.ServerSaid(_options.Logger, line);
        }
    }

    private async Task WatchAsync()
    {
        await _guard.WaitForExitAsync();
        await _reading;
        if (!_stopping) Log.ServerLost(_options.Logger, _folder.Root, _lastLines.LastOrDefault() ?? $"exit code {_guard.ExitCode}");
    }
}
