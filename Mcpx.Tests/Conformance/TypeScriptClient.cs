using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Conformance;

/// <summary>The clients of the TypeScript SDK, each a script beside these tests that prints step by step what it saw.</summary>
internal static class TypeScriptClient
{
    public static Task<JsonObject> RunAsync(string script, Uri url, string? token, params string[] arguments) => RunAsync(script, url, token, prefix: "", arguments);

    /// <param name="prefix">What stands before the names of tools and prompts; it is taken out of what is seen.</param>
    public static async Task<JsonObject> RunAsync(string script, Uri url, string? token, string prefix, string[] arguments)
    {
        var environment = new Dictionary<string, string> { ["MCPX_PREFIX"] = prefix };
        if (token is not null) environment["MCPX_AUTHORIZATION"] = $"Bearer {token}";
        var result = await NodeProgram.RunAsync([NodeProgram.ScriptOf(script), url.ToString(), .. arguments], environment, TestContext.Current.CancellationToken);
        result.ExitCode.ShouldBe(0, result.Error);
        return JsonNode.Parse(result.Output)!.AsObject();
    }

    /// <summary>Step by step, so that a difference is named.</summary>
    /// <param name="except">Steps that have to differ on this way.</param>
    public static void ShouldBeSeenAs(this JsonObject through, JsonObject direct, params string[] except)
    {
        through.Select(step => step.Key).Except(except).ShouldBe(direct.Select(step => step.Key).Except(except));
        foreach (var (step, seen) in direct.Where(step => !except.Contains(step.Key)))
            (through[step]?.ToJsonString()).ShouldBe(seen?.ToJsonString(), step);
    }
}
