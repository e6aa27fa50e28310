using Mcpx.Bench.Processes;

namespace Mcpx.Bench.Baselines;

/// <summary>nginx in a directory of its own: no root, no file of the system's.</summary>
internal sealed class NginxProcess : IAsyncDisposable
{
    public const string Missing = "nginx is not installed (Debian: `apt-get install nginx-light`): its rows, `÷ nginx` and the targets by it are left out.";

    private readonly DirectoryInfo _directory;
    private readonly ForeignProcess _process;

    private NginxProcess(DirectoryInfo directory, ForeignProcess process, Uri url) => (_directory, _process, Url) = (directory, process, url);

    public Uri Url { get; }

    public int ProcessId => _process.Id;

    /// <summary>On the path, or where Debian puts it, which is on root's path only.</summary>
    public static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin")
        .Select(directory => Path.Combine(directory, "nginx")).FirstOrDefault(File.Exists);

    public static async Task<NginxProcess> StartAsync(string program, Uri upstream, CancellationToken cancellationToken)
    {
        var directory = Directory.CreateTempSubdirectory("mcpx-bench-nginx-");
        try
        {
            // Started by root, its workers are another user and have to come through here.
            if (!OperatingSystem.IsWindows()) directory.UnixFileMode |= UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
            var port = FreePort.Next();
            var config = Path.Combine(directory.FullName, "nginx.conf");
            await File.WriteAllTextAsync(config, NginxConfig.Text(port, upstream), cancellationToken);
            string[] command = [program, "-e", "stderr", "-p", directory.FullName + "/", "-c", config];
            var process = await ForeignProcess.StartAsync("nginx", command, port, new Dictionary<string, string>(), cancellationToken);
            return new NginxProcess(directory, process, new Uri($"http://127.0.0.1:{port}"));
        }
        catch
        {
            directory.Delete(recursive: true);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}
