namespace Mcpx.SampleHosting;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "MCP servers: {Urls}")]
    public static partial void Listening(ILogger logger, string urls);
}
