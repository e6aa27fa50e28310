using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Mcpx.Bench.Micro;

/// <summary>Single steps of a call's path, by BenchmarkDotNet, in this process: no project is generated and nothing is restored.</summary>
internal static class MicroCommand
{
    /// <param name="arguments">BenchmarkDotNet's own, e.g. <c>--filter *Reader*</c>; all of them without any.</param>
    public static int Run(string[] arguments)
    {
        var config = ManualConfig.CreateEmpty()
            .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithGcServer(true))
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddExporter(MarkdownExporter.GitHub)
            .AddLogger(ConsoleLogger.Default)
            .WithArtifactsPath(Path.Combine("artifacts", "bench", "micro"));
        string[] all = ["--filter", "*"];
        var summaries = BenchmarkSwitcher.FromTypes([typeof(CallSteps), typeof(JournalSteps)]).Run(arguments.Length == 0 ? all : arguments, config);
        return summaries.Any() && summaries.All(summary => summary.Reports.Length > 0 && summary.Reports.All(report => report.Success)) ? 0 : 1;
    }
}
