using System.ComponentModel;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Mcpx.ConformanceServer;

internal static class Prompts
{
    [McpServerPrompt(Name = "test_simple_prompt"), Description("Takes nothing.")]
    public static string Simple() => "This is a simple prompt for testing.";

    [McpServerPrompt(Name = "test_prompt_with_arguments"), Description("Repeats its arguments.")]
    public static string WithArguments([Description("First test argument")] string arg1, [Description("Second test argument")] string arg2) =>
        $"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'";

    [McpServerPrompt(Name = "test_prompt_with_embedded_resource"), Description("Embeds a resource.")]
    public static PromptMessage[] WithResource([Description("URI of the resource to embed")] string resourceUri) =>
    [
        Say(new EmbeddedResourceBlock { Resource = new TextResourceContents { Uri = resourceUri, MimeType = "text/plain", Text = "Embedded resource content for testing." } }),
        Say(new TextContentBlock { Text = "Please process the embedded resource above." }),
    ];

    [McpServerPrompt(Name = "test_prompt_with_image"), Description("Shows an image.")]
    public static PromptMessage[] WithImage() =>
        [Say(ImageContentBlock.FromBytes(Media.Png, "image/png")), Say(new TextContentBlock { Text = "Please analyze the image above." })];

    [McpServerPrompt(Name = "test_input_required_result_prompt"), Description("Asks for a context first.")]
    public static PromptMessage[] WithInput(RequestContext<GetPromptRequestParams> request)
    {
        if (Answers.Field(request.Params, "user_context", "context") is { } context)
            return [Say(new TextContentBlock { Text = $"Go on in this context: {context}" })];
        throw new InputRequiredException(new Dictionary<string, InputRequest>
        {
            ["user_context"] = InputRequest.ForElicitation(Forms.Ask("What context should the prompt use?", "context")),
        });
    }

    private static PromptMessage Say(ContentBlock content) => new() { Role = Role.User, Content = content };
}
