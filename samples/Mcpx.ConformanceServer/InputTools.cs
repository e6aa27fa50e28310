using System.ComponentModel;
using System.Security.Cryptography;
using System.Text;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Mcpx.ConformanceServer;

/// <summary>
/// SEP-2322, multi-round-trip requests: a tool that needs something of the client answers <c>input_required</c> and is
/// called again with <c>inputResponses</c> and the <c>requestState</c> that it gave out.
/// </summary>
internal static class InputTools
{
    private static readonly byte[] StateKey = RandomNumberGenerator.GetBytes(32);

    [McpServerTool(Name = "test_input_required_result_elicitation"), Description("Asks for a name and greets it.")]
    public static string Elicit(RequestContext<CallToolRequestParams> request) =>
        Answers.Field(request.Params, "user_name", "name") is { } name ? $"Hello, {name}!" : throw Ask(("user_name", Name()));

    [McpServerTool(Name = "test_input_required_result_sampling"), Description("Asks the client's model for a capital.")]
    public static string Sample(RequestContext<CallToolRequestParams> request) =>
        Answers.Of(request.Params, "capital_question", InputResponse.CreateMessageResultJsonTypeInfo) is { } answer
            ? $"The model says: {answer.Content.OfType<TextContentBlock>().FirstOrDefault()?.Text}"
            : throw Ask(("capital_question", Question("What is the capital of France?", 100)));

    [McpServerTool(Name = "test_input_required_result_list_roots"), Description("Asks for the client's roots.")]
    public static string ListRoots(RequestContext<CallToolRequestParams> request) =>
        Answers.Of(request.Params, "client_roots", InputResponse.ListRootsResultJsonTypeInfo) is { } answer
            ? $"Roots: {string.Join(", ", answer.Roots.Select(root => root.Uri))}"
            : throw Ask(("client_roots", Roots()));

    [McpServerTool(Name = "test_input_required_result_request_state"), Description("Asks, and checks that its state comes back.")]
    public static string State(RequestContext<CallToolRequestParams> request) =>
        Answers.Has(request.Params, "confirm") && IsOurs(request.Params.RequestState) ? "state-ok" : throw Ask(Sign("confirming"), ("confirm", Confirm()));

    [McpServerTool(Name = "test_input_required_result_multiple_inputs"), Description("Asks for three things at once.")]
    public static string Several(RequestContext<CallToolRequestParams> request) =>
        Answers.Has(request.Params, "user_name") && Answers.Has(request.Params, "greeting") && Answers.Has(request.Params, "client_roots") && IsOurs(request.Params.RequestState)
            ? "All three are here."
            : throw Ask(Sign("three"), ("user_name", Name()), ("greeting", Question("Generate a greeting", 50)), ("client_roots", Roots()));

    [McpServerTool(Name = "test_input_required_result_multi_round"), Description("Asks twice, one thing after the other.")]
    public static string Rounds(RequestContext<CallToolRequestParams> request)
    {
        var params_ = request.Params;
        if (params_.RequestState is { } state && IsOurs(state) && state.StartsWith("second.", StringComparison.Ordinal) && Answers.Has(params_, "step2"))
            return "Both steps are done.";
        throw Answers.Has(params_, "step1")
            ? Ask(Sign("second"), ("step2", InputRequest.ForElicitation(Forms.Ask("Step 2: What is your favorite color?", "color"))))
            : Ask(Sign("first"), ("step1", InputRequest.ForElicitation(Forms.Ask("Step 1: What is your name?", "name"))));
    }

    [McpServerTool(Name = "test_input_required_result_tampered_state"), Description("Refuses a state that was changed on the way.")]
    public static string Tampered(RequestContext<CallToolRequestParams> request)
    {
        if (request.Params.RequestState is not { } state)
            throw Ask(Sign("untouched"), ("confirm", Confirm()));
        return IsOurs(state) ? "The state is as it was." : throw new McpProtocolException("requestState is not what this server gave out.", McpErrorCode.InvalidParams);
    }

    [McpServerTool(Name = "test_input_required_result_capabilities"), Description("Asks only for what the client says it can do.")]
    public static string Capabilities(RequestContext<CallToolRequestParams> request)
    {
        if (request.Params.InputResponses is { Count: > 0 })
            return "Thank you.";
        var client = request.JsonRpcRequest.Context?.ClientCapabilities;
        List<(string, InputRequest)> asked = [];
        if (client?.Sampling is not null)
            asked.Add(("capital_question", Question("What is the capital of France?", 100)));
        if (client?.Elicitation is not null)
            asked.Add(("user_name", Name()));
        if (client?.Roots is not null)
            asked.Add(("client_roots", Roots()));
        return asked.Count == 0 ? "The client can't be asked anything." : throw Ask([.. asked]);
    }

    private static InputRequest Name() => InputRequest.ForElicitation(Forms.Ask("What is your name?", "name"));

    private static InputRequest Confirm() => InputRequest.ForElicitation(Forms.Ask("Please confirm", "ok", "boolean"));

    private static InputRequest Roots() => InputRequest.ForRootsList(new ListRootsRequestParams());

    private static InputRequest Question(string text, int maxTokens) => InputRequest.ForSampling(new CreateMessageRequestParams
    {
        Messages = [new SamplingMessage { Role = Role.User, Content = [new TextContentBlock { Text = text }] }],
        MaxTokens = maxTokens,
    });

    private static InputRequiredException Ask(params (string Key, InputRequest Request)[] asked) => Ask(null, asked);

    private static InputRequiredException Ask(string? state, params (string Key, InputRequest Request)[] asked) =>
        new(asked.ToDictionary(each => each.Key, each => each.Request), state);

    private static string Sign(string state) => $"{state}.{Convert.ToHexString(HMACSHA256.HashData(StateKey, Encoding.UTF8.GetBytes(state)))}";

    // The client holds the state in between, so it may have written it.
    private static bool IsOurs(string? state) => state is not null && state.Split('.') is [var text, _] &&
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(state), Encoding.UTF8.GetBytes(Sign(text)));
}
