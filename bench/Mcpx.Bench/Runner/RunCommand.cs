using Mcpx.Bench.Processes;
using Mcpx.Bench.Reporting;

namespace Mcpx.Bench.Runner;

internal static class RunCommand
{
    /// <summary>Prints the report and keeps it as files; the exit code says whether every answer was right, never how fast.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux()) throw new BenchException("CPU and memory are read from Linux's accounting: run this on Linux");
        var options = RunOptions.Parse(arguments);
        var report = await new BenchRunner(options, Console.Error, TimeProvider.System).RunAsync(cancellationToken);
        var markdown = MarkdownReport.Render(report);
        Directory.CreateDirectory(options.Output);
        await File.WriteAllTextAsync(Path.Combine(options.Output, "report.md"), markdown, cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(options.Output, "report.json"), JsonReport.Render(report), cancellationToken);
        await Console.Out.WriteAsync(markdown);
        return report.AllVerified ? 0 : 1;
    }
}
