using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Running;

/// <summary><c>./run</c> on a port of its own, over programs that the build of these tests has made already.</summary>
internal sealed class RunningScript : IAsyncDisposable
{
    private const string LastLine = "Ctrl-C stops everything.";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly StringBuilder _output = new();
    private readonly Task _reading;
    private readonly Task<string> _errors;

    private RunningScript(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
        _reading = ReadAsync();
    }

    public int ProcessId => _process.Id;

    public Uri Url => new(Match("mcpx is ready at (.*)"));

    public Uri SignInLink => new(Match("^  (http.*/sign-in/link.*)$"));

    public string Token => Match("^  (mcpx_pat_.*)$");

    /// <summary>The lines below a heading of the welcome, as somebody would select and paste them.</summary>
    public string Block(string heading) => Match($"^  {heading}.*\n((?:    .*\n)+)");

    public static async Task<RunningScript> StartAsync(RunFolder folder, int port)
    {
        var started = new RunningScript(Start(folder, port, []));
        if (await Task.WhenAny(started._ready.Task.WaitAsync(StartTimeout), started._process.WaitForExitAsync()) is { IsFaulted: false } && started._ready.Task.IsCompleted) return started;
        throw new InvalidOperationException($"./run did not become ready.\n{started._output}\n{await started.EndAsync()}");
    }

    /// <summary>For what ends by itself.</summary>
    public static Task<ProgramResult> RunAsync(RunFolder folder, int port, IReadOnlyDictionary<string, string>? environment = null, params string[] arguments) =>
        ProgramRun.RunAsync("env", Arguments(folder, port, arguments), Environment(folder, environment), TestContext.Current.CancellationToken);

    /// <summary>Sends the signal and waits for the end.</summary>
    public async Task<(int ExitCode, string Errors)> StopAsync(string signal)
    {
        await SignalAsync(ProcessId, signal);
        return await EndAsync();
    }

    public async Task<(int ExitCode, string Errors)> EndAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(StopTimeout);
        await _reading.WaitAsync(StopTimeout);
        return (_process.ExitCode, await _errors.WaitAsync(StopTimeout));
    }

    public static async Task SignalAsync(int process, string signal) =>
        (await ProgramRun.RunAsync("kill", ["-s", signal, $"{process}"], null, CancellationToken.None)).ExitCode.ShouldBe(0);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await StopAsync("TERM");
        _process.Dispose();
    }

    private static Process Start(RunFolder folder, int port, string[] arguments) =>
        ProgramRun.Start("env", Arguments(folder, port, arguments), Environment(folder, null));

    // A shell can't trap a signal that it was started with as ignored, and whoever started these tests may ignore some.
    private static string[] Arguments(RunFolder folder, int port, string[] arguments) =>
        ["--default-signal=INT,TERM,HUP", "bash", Repository.PathOf("run"), "--port", $"{port}", "--built", folder.Built, .. arguments];

    private static Dictionary<string, string> Environment(RunFolder folder, IReadOnlyDictionary<string, string>? more) =>
        new(more ?? new Dictionary<string, string>()) { ["MCPX_DATA"] = folder.Data, ["MCPX_DEMO_PORT"] = $"{folder.DemoPort}" };

    private string Match(string pattern)
    {
        string text;
        lock (_output) text = _output.ToString();
        var match = Regex.Match(text, pattern, RegexOptions.Multiline, TimeSpan.FromSeconds(1));
        match.Success.ShouldBeTrue($"'{pattern}' is not in the output:\n{text}");
        return match.Groups[1].Value;
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            lock (_output) _output.Append(line).Append('\n');
            if (line == LastLine) _ready.TrySetResult();
        }
    }
}

/// <summary>A data directory, the programs to run, and what still runs in it.</summary>
internal sealed class RunFolder : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("mcpx-run-");

    public RunFolder()
    {
        Directory.CreateDirectory(Built);
        File.CreateSymbolicLink(Path.Combine(Built, "mcpx"), Repository.OutputOf("Mcpx.Web"));
        File.CreateSymbolicLink(Path.Combine(Built, "demo-servers"), Repository.OutputOf("samples/Mcpx.DemoServers"));
    }

    public string Root => _root.FullName;

    public string Data => Path.Combine(Root, "data");

    public string Built => Path.Combine(Root, "built");

    public int DemoPort { get; } = Ports.Free();

    /// <summary>Every process that names this folder, was started for it, or works in it (the database's does).</summary>
    public IReadOnlyList<(int Id, string Command)> Processes() =>
    [
        .. Directory.EnumerateDirectories("/proc").Where(p => int.TryParse(Path.GetFileName(p), out _)).Select(p => (Id: int.Parse(Path.GetFileName(p)), Command: Describe(p)))
            .Where(p => p.Command.Contains(Root, StringComparison.Ordinal)),
    ];

    public void Dispose() => _root.Delete(recursive: true);

    private static string Describe(string process)
    {
        try
        {
            var words = File.ReadAllText(Path.Combine(process, "cmdline")) + File.ReadAllText(Path.Combine(process, "environ"));
            return words.Replace('\0', ' ') + new FileInfo(Path.Combine(process, "cwd")).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ended while we looked, or is another user's.
            return "";
        }
    }
}
