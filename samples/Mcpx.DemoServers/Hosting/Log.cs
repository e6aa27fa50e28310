namespace Mcpx.DemoServers.Hosting;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Demo MCP servers: {Urls}")]
    public static partial void Listening(ILogger logger, string urls);
}
