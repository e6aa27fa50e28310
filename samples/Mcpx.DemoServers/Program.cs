using Microsoft.Extensions.Options;

namespace Mcpx.DemoServers;

internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        try
        {
            await DemoServersApp.Build(args).RunAsync();
            return 0;
        }
        catch (OptionsValidationException mistake)
        {
            foreach (var failure in mistake.Failures)
                await Console.Error.WriteLineAsync(failure);
            return 2;
        }
        catch (IOException bind)
        {
            await Console.Error.WriteLineAsync($"{bind.Message} Choose another port with --port or MCPX_DEMO_PORT.");
            return 1;
        }
    }
}
