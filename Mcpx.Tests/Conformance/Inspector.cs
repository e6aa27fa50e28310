using Mcpx.Tests.Fixtures;
using Xunit;

namespace Mcpx.Tests.Conformance;

/// <summary>The MCP Inspector's command line.</summary>
internal static class Inspector
{
    /// <param name="era"><c>legacy</c> or <c>modern</c>.</param>
    public static async Task<ProgramResult> RunAsync(Uri url, string era, string? token, params string[] arguments)
    {
        var home = Directory.CreateTempSubdirectory("mcpx-inspector-");
        try
        {
            string[] authorization = token is null ? [] : ["--header", $"Authorization: Bearer {token}", "--stored-auth-only"];
            return await NodeProgram.RunAsync(
                [
                    NodeProgram.PathOf("@modelcontextprotocol", "inspector", "clients", "launcher", "build", "index.js"), "--cli",
                    "--server-url", url.ToString(), "--transport", "http", "--protocol-era", era,
                    .. authorization, "--format", "json", "--quiet", .. arguments,
                ],
                // It keeps settings and tokens in its home.
                new Dictionary<string, string> { ["HOME"] = home.FullName, ["NO_COLOR"] = "1" }, TestContext.Current.CancellationToken);
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }
}
