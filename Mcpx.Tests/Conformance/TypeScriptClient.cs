using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Conformance;

/// <summary>The clients of the TypeScript SDK, each a script beside these tests that prints step by step what it saw.</summary>
internal static class TypeScriptClient
{
    public static async Task<JsonObject> RunAsync(string script, Uri url, string? token, params string[] arguments)
    {
        var environment = new Dictionary<string, string>();
        if (token is not null) environment["MCPX_AUTHORIZATION"] = $"Bearer {token}";
        var result = await NodeProgram.RunAsync([NodeProgram.ScriptOf(script), url.ToString(), .. arguments], environment, TestContext.Current.CancellationToken);
        result.ExitCode.ShouldBe(0, result.Error);
        return JsonNode.Parse(result.Output)!.AsObject();
    }

    /// <summary>Step by step, so that a difference is named.</summary>
    public static void ShouldBeSeenAs(this JsonObject through, JsonObject direct)
    {
        through.Select(step => step.Key).ShouldBe(direct.Select(step => step.Key));
        foreach (var (step, seen) in direct)
            (through[step]?.ToJsonString()).ShouldBe(seen?.ToJsonString(), step);
    }
}
