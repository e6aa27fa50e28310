using System.ComponentModel;
using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Mcpx.ConformanceServer;

/// <summary>
/// Tools that talk to the client while they work. A client with a session is asked in the middle of the call; one without
/// gets the question for an answer and calls again (SEP-2322).
/// </summary>
internal static class ClientTools
{
    private const string ReconnectingTool = "test_reconnection";
    private const string Question = "question";
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    [McpServerTool(Name = "test_tool_with_logging"), Description("Logs three messages.")]
    public static async Task<string> LogAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        foreach (var message in new[] { "Tool execution started", "Tool processing data", "Tool execution completed" })
        {
            await request.Server.SendNotificationAsync(
                NotificationMethods.LoggingMessageNotification,
                new LoggingMessageNotificationParams { Level = LoggingLevel.Info, Logger = "conformance", Data = JsonSerializer.SerializeToElement(message) },
                cancellationToken: cancellationToken);
            await Task.Delay(Step, TimeProvider.System, cancellationToken);
        }

        return "Logged.";
    }

    [McpServerTool(Name = "test_tool_with_progress"), Description("Reports its progress three times.")]
    public static async Task<string> ProgressAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        foreach (var progress in new[] { 0, 50, 100 })
        {
            if (request.Params.ProgressToken is { } token)
                await request.Server.NotifyProgressAsync(token, new ProgressNotificationValue { Progress = progress, Total = 100 }, cancellationToken: cancellationToken);
            await Task.Delay(Step, TimeProvider.System, cancellationToken);
        }

        return "Done.";
    }

    [McpServerTool(Name = "test_sampling"), Description("Asks the client's model.")]
    public static async Task<string> SampleAsync(RequestContext<CallToolRequestParams> request, [Description("What to ask")] string prompt, CancellationToken cancellationToken)
    {
        var message = new SamplingMessage { Role = Role.User, Content = [new TextContentBlock { Text = prompt }] };
        var question = new CreateMessageRequestParams { Messages = [message], MaxTokens = 100 };
        var answer = request.Server.SessionId is not null
            ? await request.Server.SampleAsync(question, cancellationToken)
            : Answers.Of(request.Params, Question, InputResponse.CreateMessageResultJsonTypeInfo) ?? throw Ask(InputRequest.ForSampling(question));
        return $"LLM response: {answer.Content.OfType<TextContentBlock>().FirstOrDefault()?.Text}";
    }

    [McpServerTool(Name = "test_elicitation"), Description("Asks the client's user.")]
    public static Task<string> ElicitAsync(RequestContext<CallToolRequestParams> request, [Description("What to ask")] string message, CancellationToken cancellationToken) =>
        AskAsync(request, message, Forms.UserAndEmail, cancellationToken);

    [McpServerTool(Name = "test_elicitation_sep1034_defaults"), Description("Asks the client's user with a default for every field.")]
    public static Task<string> ElicitDefaultsAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken) =>
        AskAsync(request, "Please look over these values.", Forms.WithDefaults, cancellationToken);

    [McpServerTool(Name = "test_elicitation_sep1330_enums"), Description("Asks the client's user to choose, in every way there is.")]
    public static Task<string> ElicitEnumsAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken) =>
        AskAsync(request, "Please choose.", Forms.WithChoices, cancellationToken);

    [McpServerTool(Name = ReconnectingTool), Description("Closes the stream before it answers; the client comes back for the answer.")]
    public static string Reconnect() => "Answered on another stream.";

    /// <summary>Tells the client to come back, and ends its stream; the answer goes into the session's event log.</summary>
    public static McpRequestHandler<CallToolRequestParams, CallToolResult> CloseStreamBeforeAnswer(McpRequestHandler<CallToolRequestParams, CallToolResult> next) =>
        async (request, cancellationToken) =>
        {
            var result = await next(request, cancellationToken);
            if (request.Params.Name == ReconnectingTool && request.Server.SessionId is not null)
            {
                await request.EnablePollingAsync(TimeSpan.FromMilliseconds(500), cancellationToken);
                // Nothing says when the stream has ended; an answer that comes first would still go out on it.
                await Task.Delay(4 * Step, TimeProvider.System, cancellationToken);
            }

            return result;
        };

    private static async Task<string> AskAsync(RequestContext<CallToolRequestParams> request, string message, string form, CancellationToken cancellationToken)
    {
        var question = new ElicitRequestParams { Message = message, RequestedSchema = Forms.Parse(form) };
        var answer = request.Server.SessionId is not null
            ? await request.Server.ElicitAsync(question, cancellationToken)
            : Answers.Of(request.Params, Question, InputResponse.ElicitResultJsonTypeInfo) ?? throw Ask(InputRequest.ForElicitation(question));
        return $"Elicitation completed: action={answer.Action}, content={JsonSerializer.Serialize(answer.Content)}";
    }

    private static InputRequiredException Ask(InputRequest question) => new(new Dictionary<string, InputRequest> { [Question] = question }, requestState: null);
}
