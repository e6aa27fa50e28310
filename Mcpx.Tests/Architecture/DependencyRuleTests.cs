using System.Reflection;
using Mcpx.Core;
using Mcpx.Core.Proxy;
using Mcpx.Data;
using Mcpx.Web.Hosting;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Architecture;

/// <summary>The dependency rules of docs/architecture.md.</summary>
public sealed class DependencyRuleTests
{
    /// <summary>A capability may use those of its own line and of the lines above.</summary>
    private static readonly string[][] CapabilityOrder =
    [
        ["Primitives"],
        ["Audit", "Jobs", "Identity", "Egress", "Servers", "Credentials", "OAuth"],
        ["Gateways"],
        ["Governance"],
        ["Redaction"],
        ["Calls"],
        ["Metrics", "Health"],
        ["Alerts"],
        ["Notifications"],
        ["Protocol"],
        ["Proxy"],
    ];

    private static readonly string[] Doors = ["Proxy", "OAuth", "Api", "Dashboard"];

    private static readonly Assembly Core = typeof(CoreSetup).Assembly;
    private static readonly Assembly Data = typeof(DataServices).Assembly;
    private static readonly Assembly Web = typeof(McpxApp).Assembly;

    [Fact]
    public void A_capability_uses_only_what_stands_before_it() =>
        Violations(Core, "Mcpx.Core", (from, to) => from.Length == 0 || from == to || RankOf(to) <= RankOf(from)).ShouldBeEmpty();

    [Fact]
    public void Core_knows_no_database_and_no_web()
    {
        ReferencesOf(Core).ShouldNotContain(name => name.StartsWith("Microsoft.EntityFrameworkCore", StringComparison.Ordinal)
            || name.StartsWith("Npgsql", StringComparison.Ordinal) || name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal) || name.StartsWith("Mcpx", StringComparison.Ordinal));
        ReferencesOf(Data).ShouldNotContain(name => name == "Mcpx.Web" || name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
    }

    [Fact]
    public void Doors_do_not_use_each_other() =>
        Violations(Web, "Mcpx.Web", (from, to) => from == to || !Doors.Contains(from) || !Doors.Contains(to)).ShouldBeEmpty();

    [Fact]
    public void Authentication_uses_no_door() =>
        Violations(Web, "Mcpx.Web", (from, to) => from != "Authentication" || !Doors.Contains(to)).ShouldBeEmpty();

    [Fact]
    public void Only_hosting_knows_the_database() => CodeReferences.Of(Web)
        .Where(r => r.To.Assembly == Data && PartOf(r.From, "Mcpx.Web") is not ("Hosting" or ""))
        .Select(r => $"{r.From} uses {r.To}").ShouldBeEmpty();

    [Fact]
    public void Data_shows_only_what_hosting_needs() => Data.GetExportedTypes()
        .Where(t => t.Namespace?.EndsWith(".Migrations", StringComparison.Ordinal) is not true)
        .Select(t => t.Name)
        .ShouldBe(["DataServices", "DatabaseConnections", "DatabaseEdition", "DatabaseInfo", "DatabaseMigrator", "DatabaseStartException", "EmbeddedDatabase", "DatabaseCopy", "CopiedTable", "ICopyProgress"], ignoreOrder: true);

    [Fact]
    public void The_path_of_a_call_is_in_this_order() =>
        ProxyPipeline.Order.ShouldBe([typeof(RecordFilter), typeof(AuthenticateFilter), typeof(ResolveFilter), typeof(GovernFilter), typeof(LimitFilter), typeof(InjectFilter), typeof(AnnounceFilter), typeof(ForwardFilter)]);

    [Fact]
    public void The_reading_of_references_finds_them()
    {
        var references = CodeReferences.Of(Core);

        references.ShouldContain((typeof(ProxyPipeline), typeof(RecordFilter)));
        references.ShouldContain(r => r.From.FullName!.StartsWith("Mcpx.Core.Proxy.JsonRelay", StringComparison.Ordinal) && r.To == typeof(AnswerPeek));
    }

    private static List<string> Violations(Assembly assembly, string root, Func<string, string, bool> isAllowed) =>
    [
        .. CodeReferences.Of(assembly)
            .Where(r => r.To.Assembly == assembly && !isAllowed(PartOf(r.From, root), PartOf(r.To, root)))
            .Select(r => $"{r.From} uses {r.To}").Distinct().Order(),
    ];

    private static string PartOf(Type type, string root) =>
        type.Namespace is { } space && space.StartsWith(root + '.', StringComparison.Ordinal) ? space[(root.Length + 1)..].Split('.')[0] : "";

    private static int RankOf(string capability)
    {
        // What the compiler and its generators add stands in no capability.
        if (capability.Length == 0) return -1;
        var rank = Array.FindIndex(CapabilityOrder, line => line.Contains(capability));
        return rank >= 0 ? rank : throw new InvalidOperationException($"Give the capability {capability} its place in the order, here and in docs/architecture.md.");
    }

    private static IEnumerable<string> ReferencesOf(Assembly assembly) => assembly.GetReferencedAssemblies().Select(a => a.Name!);
}
