namespace Mcpx.ConformanceServer;

internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        try
        {
            await ConformanceServerApp.Build(args).RunAsync();
            return 0;
        }
        catch (Exception mistake) when (mistake is ArgumentException or IOException)
        {
            await Console.Error.WriteLineAsync(mistake.Message);
            return 2;
        }
    }
}
