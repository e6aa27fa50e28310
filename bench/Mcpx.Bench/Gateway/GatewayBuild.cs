using System.Diagnostics;
using Mcpx.Bench.Processes;

namespace Mcpx.Bench.Gateway;

/// <summary>Finds the published gateway, or publishes it from the sources around this program: never a debug build.</summary>
internal static class GatewayBuild
{
    private const string Assembly = "Mcpx.Web.dll";

    public static async Task<string> LocateAsync(string? given, TextWriter progress, CancellationToken cancellationToken)
    {
        if (given is null) return await PublishAsync(progress, cancellationToken);
        var path = Directory.Exists(given) ? Path.Combine(given, Assembly) : given;
        return File.Exists(path) ? Path.GetFullPath(path) : throw new BenchException($"No {Assembly} at {given}");
    }

    private static async Task<string> PublishAsync(TextWriter progress, CancellationToken cancellationToken)
    {
        var root = SourceTree.Root() ?? throw new BenchException("Mcpx.sln is nowhere above this program: name the published gateway with --gateway");
        var output = Path.Combine(root, "artifacts", "bench", "gateway");
        await progress.WriteLineAsync("publishing the gateway …");
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = root,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            ArgumentList = { "publish", "Mcpx.Web", "-c", "Release", "-o", output, "-v", "q", "--nologo" },
        };
        using var publish = Process.Start(start) ?? throw new BenchException("dotnet could not be started");
        var said = await publish.StandardOutput.ReadToEndAsync(cancellationToken);
        await publish.WaitForExitAsync(cancellationToken);
        if (publish.ExitCode != 0) throw new BenchException($"The gateway could not be published:\n{said}");
        return Path.Combine(output, Assembly);
    }
}
