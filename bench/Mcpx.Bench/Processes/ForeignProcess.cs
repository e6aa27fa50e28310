using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Mcpx.Bench.Accounting;

namespace Mcpx.Bench.Processes;

/// <summary>
/// A server that is not ours and knows nothing of this program: a shell beside it holds our pipe and stops it when the
/// runner ends, however that happens. Only the server's own processes are measured.
/// </summary>
internal sealed class ForeignProcess : IAsyncDisposable
{
    private const string ReadyPrefix = "BENCH_STARTED ";

    // The trap keeps the shell until cat has seen the end of the pipe: it must not die before it has stopped the server.
    private const string Guard = $"""trap : TERM; "$@" & pid=$!; echo "{ReadyPrefix}$pid"; cat >/dev/null; kill $pid; wait $pid""";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    private readonly ChildProcess _guard;

    private ForeignProcess(ChildProcess guard) => _guard = guard;

    /// <summary>The server itself, not its guard.</summary>
    public int Id { get; private set; }

    /// <summary>Starts a server and waits until it listens on <paramref name="port"/>.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="environment">Added to this process's own.</param>
    public static async Task<ForeignProcess> StartAsync(
        string name, IReadOnlyList<string> command, int port, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("/bin/sh") { ArgumentList = { "-c", Guard, "sh" } };
        foreach (var part in command) start.ArgumentList.Add(part);
        foreach (var (key, value) in environment) start.Environment[key] = value;
        var foreign = new ForeignProcess(ChildProcess.Start(name, start, ReadyPrefix));
        try
        {
            foreign.Id = int.Parse(await foreign._guard.ReadyAsync(StartTimeout, cancellationToken), CultureInfo.InvariantCulture);
            await foreign.UntilListeningAsync(port, cancellationToken);
            return foreign;
        }
        catch
        {
            await foreign.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _guard.DisposeAsync();

    private async Task UntilListeningAsync(int port, CancellationToken cancellationToken)
    {
        var deadline = Native.MonotonicNanoseconds() + (long)StartTimeout.TotalNanoseconds;
        while (!await ListensAsync(port, cancellationToken))
        {
            if (Native.CpuNanoseconds(Id) is null || Native.MonotonicNanoseconds() > deadline)
                throw new BenchException($"{_guard.Name} does not listen on port {port}.\n{_guard.Output}");
            await Task.Delay(PollInterval, cancellationToken);
        }
    }

    private static async Task<bool> ListensAsync(int port, CancellationToken cancellationToken)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync("127.0.0.1", port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
