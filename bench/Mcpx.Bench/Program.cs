using Mcpx.Bench.Baselines;
using Mcpx.Bench.Micro;
using Mcpx.Bench.Processes;
using Mcpx.Bench.Runner;
using Mcpx.Bench.Upstream;

namespace Mcpx.Bench;

internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        using var stop = new StopSignal();
        try
        {
            return args switch
            {
                ["run", .. var rest] => await RunCommand.RunAsync(rest, stop.Token),
                ["micro", .. var rest] => MicroCommand.Run(rest),
                [UpstreamHost.Role, var secret] => await UpstreamHost.RunAsync(secret, stop.Token),
                [PassthroughHost.Role, var target] => await PassthroughHost.RunAsync(new Uri(target), stop.Token),
                _ => Usage(),
            };
        }
        catch (BenchException problem)
        {
            await Console.Error.WriteLineAsync($"bench: {problem.Message}");
            return 1;
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            return 130;
        }
    }

    private static int Usage()
    {
        Console.Error.WriteLine(RunOptions.Usage);
        return 2;
    }
}
