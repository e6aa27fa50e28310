using System.ComponentModel;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Mcpx.ConformanceServer;

/// <summary>What the suite calls to see how the stateless era treats capabilities, streams and log messages.</summary>
internal static class DiagnosticTools
{
    [McpServerTool(Name = "test_missing_capability"), Description("Needs a client that can sample.")]
    public static string NeedsSampling(RequestContext<CallToolRequestParams> request) =>
        request.JsonRpcRequest.Context?.ClientCapabilities?.Sampling is not null
            ? "The client can sample."
            : throw new MissingRequiredClientCapabilityException(new ClientCapabilities { Sampling = new SamplingCapability() }, "This tool needs the client capability 'sampling'.");

    [McpServerTool(Name = "test_streaming_elicitation"), Description("Answers, and sends no request of its own on the stream.")]
    public static string Stream() => "Nothing was asked.";

    [McpServerTool(Name = "test_logging_tool"), Description("Logs, to a client that asked for it.")]
    public static string Log(RequestContext<CallToolRequestParams> request)
    {
        // The SDK's logger sends to a stateless client only what its _meta logLevel asks for.
        var logger = request.Server.AsClientLoggerProvider().CreateLogger("conformance");
        ConformanceLog.Called(logger);
        return "Logged.";
    }
}

internal static partial class ConformanceLog
{
    [LoggerMessage(1, LogLevel.Information, "The tool was called.")]
    public static partial void Called(ILogger logger);
}
