using System.ComponentModel;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Mcpx.ConformanceServer;

/// <summary>Every kind of content that a result may carry.</summary>
internal static class ContentTools
{
    [McpServerTool(Name = "test_simple_text"), Description("Answers with a text.")]
    public static string SimpleText() => "This is a simple text response for testing.";

    [McpServerTool(Name = "test_image_content"), Description("Answers with an image.")]
    public static ImageContentBlock Image() => ImageContentBlock.FromBytes(Media.Png, "image/png");

    [McpServerTool(Name = "test_audio_content"), Description("Answers with a sound.")]
    public static AudioContentBlock Audio() => AudioContentBlock.FromBytes(Media.Wav, "audio/wav");

    [McpServerTool(Name = "test_embedded_resource"), Description("Answers with an embedded resource.")]
    public static EmbeddedResourceBlock Embedded() => Resource("test://embedded-resource", "text/plain", "This is an embedded resource content.");

    [McpServerTool(Name = "test_multiple_content_types"), Description("Answers with a text, an image and a resource.")]
    public static ContentBlock[] Mixed() =>
    [
        new TextContentBlock { Text = "Multiple content types test:" },
        Image(),
        Resource("test://mixed-content-resource", "application/json", """{"test":"data","value":123}"""),
    ];

    [McpServerTool(Name = "test_error_handling"), Description("Fails.")]
    public static CallToolResult Fail() => new()
    {
        IsError = true,
        Content = [new TextContentBlock { Text = "This tool intentionally returns an error for testing" }],
    };

    [McpServerTool(Name = "test_header_tool"), Description("Has a parameter that the client repeats in a header.")]
    public static string WithHeader([McpHeader("Region"), Description("Where to look")] string region, [Description("What to look for")] string query = "") =>
        $"Looked for '{query}' in {region}.";

    private static EmbeddedResourceBlock Resource(string uri, string type, string text) =>
        new() { Resource = new TextResourceContents { Uri = uri, MimeType = type, Text = text } };
}
