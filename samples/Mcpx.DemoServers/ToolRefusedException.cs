using System.Text.Json;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Mcpx.DemoServers;

/// <summary>A tool says no for a reason that the caller should read: no such account, not enough money.</summary>
internal sealed class ToolRefusedException(string reason) : Exception(reason)
{
    /// <summary>
    /// The specification wants such a refusal inside the result (<c>isError</c>), where the model can read it and try
    /// again. Left to the SDK it would come with a stack trace in the log, as if the server had failed.
    /// </summary>
    public static McpRequestHandler<CallToolRequestParams, CallToolResult> AsToolError(McpRequestHandler<CallToolRequestParams, CallToolResult> next) =>
        async (request, cancellationToken) =>
        {
            try
            {
                return await next(request, cancellationToken);
            }
            catch (ToolRefusedException refused)
            {
                return Error(refused.Message);
            }
            catch (Exception misfit) when (misfit is ArgumentException or JsonException)
            {
                // The SDK binds arguments to parameters inside the call: a missing or mistyped one is the caller's to mend.
                return Error($"The arguments do not fit the input schema of '{request.Params?.Name}'.");
            }
        };

    private static CallToolResult Error(string text) => new() { IsError = true, Content = [new TextContentBlock { Text = text }] };
}
