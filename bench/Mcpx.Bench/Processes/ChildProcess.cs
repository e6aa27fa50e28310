using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using Mcpx.Bench.Accounting;

namespace Mcpx.Bench.Processes;

/// <summary>A process of the run: says when it is ready, is asked politely to stop, and is killed if it does not.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int LinesKept = 40;
    private static readonly TimeSpan PatienceOnStop = TimeSpan.FromSeconds(20);

    private readonly Process _process;
    private readonly string _readyPrefix;
    private readonly ConcurrentQueue<string> _lastLines = new();
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildProcess(string name, ProcessStartInfo start, string readyPrefix)
    {
        Name = name;
        _readyPrefix = readyPrefix;
        start.Environment.Add(RuntimeProbe.Variable!);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Heard(line.Data);
        _process.ErrorDataReceived += (_, line) => Heard(line.Data);
        _process.Exited += (_, _) => _ready.TrySetException(new BenchException($"{name} ended before it was ready.\n{Output}"));
    }

    public string Name { get; }

    public int Id => _process.Id;

    /// <summary>Its last lines.</summary>
    public string Output => string.Join('\n', _lastLines);

    /// <summary>Starts a role of this same program, for instance <c>upstream</c>.</summary>
    public static ChildProcess StartRole(string role, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { ArgumentList = { typeof(ChildProcess).Assembly.Location, role } };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        return Start(role, start, RoleHost.ReadyPrefix);
    }

    public static ChildProcess Start(string name, ProcessStartInfo start, string readyPrefix)
    {
        var child = new ChildProcess(name, start, readyPrefix);
        try
        {
            child._process.Start();
        }
        catch (Win32Exception problem)
        {
            child._process.Dispose();
            throw new BenchException($"{name} could not be started: {problem.Message}");
        }
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        return child;
    }

    /// <summary>The rest of the line by which the process says that it is ready.</summary>
    public async Task<string> ReadyAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            return await _ready.Task.WaitAsync(timeout, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new BenchException($"{Name} was not ready after {timeout.TotalSeconds:0} s.\n{Output}");
        }
    }

    public void ThrowIfEnded()
    {
        if (_process.HasExited) throw new BenchException($"{Name} ended with code {_process.ExitCode}.\n{Output}");
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
    }

    private async Task StopAsync()
    {
        if (_process.HasExited) return;
        _process.StandardInput.Close();
        Native.Terminate(_process.Id);
        using var patience = new CancellationTokenSource(PatienceOnStop);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private void Heard(string? line)
    {
        if (line is null) return;
        _lastLines.Enqueue(line);
        while (_lastLines.Count > LinesKept) _lastLines.TryDequeue(out _);
        if (line.StartsWith(_readyPrefix, StringComparison.Ordinal)) _ready.TrySetResult(line[_readyPrefix.Length..]);
    }
}
