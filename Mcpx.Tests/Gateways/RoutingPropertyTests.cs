using FsCheck;
using FsCheck.Fluent;
using Mcpx.Core.Gateways;
using Mcpx.Core.Servers;
using Shouldly;
using Xunit;
using Property = Mcpx.Tests.Fixtures.Property;

namespace Mcpx.Tests.Gateways;

/// <summary>Whatever administrators and servers write: a name leads to one tool or to none.</summary>
public sealed class RoutingPropertyTests
{
    // Few and close together, so that prefixes, renames and looks meet.
    private static readonly string[] Names = ["get", "Get", "g\u0435t", "get ", "a_get", "a_a_get", "set", "b", "", "GET\u200B"];

    private static readonly Gen<(MemberRoute Member, string[] Tools)> Members =
        from prefix in Gen.Elements<string?>(null, "", "a_", "a_a_", "A_", "\u0430_", "b")
        from ofServer in Gen.Elements("", "a_", "b")
        from tools in Gen.ListOf(Gen.Elements(Names))
        from isSelected in Gen.Elements(true, false)
        from selection in Gen.ListOf(Gen.Elements(Names))
        from renames in Gen.ListOf(from tool in Gen.Elements(Names) from name in Gen.Elements([null, .. Names]) select new ToolOverride(tool, name, name is null ? "other" : null))
        select (Catalogs.Member(Catalogs.Server(prefix: ofServer), prefix, isSelected ? [.. selection] : null, [.. renames.DistinctBy(r => r.Tool)]), tools.ToArray());

    private static readonly Gen<(MemberRoute Member, string[] Tools)[]> Gateways = Gen.ArrayOf(Members).Where(m => m.Length <= 6);

    [Fact]
    public void Routing_is_a_function() => Property.Holds(Gateways, members =>
    {
        var gateway = Catalogs.Gateway([.. members.Select(m => m.Member)]);
        var catalog = Catalogs.Compile(gateway, [.. members.Select(m => Catalogs.Catalog(m.Member, m.Tools))]);

        catalog.Tools.Select(t => t.Name).ShouldBeUnique();
        foreach (var tool in catalog.Tools)
        {
            catalog.FindTool(tool.Name).ShouldBeOfType<RouteTarget.Found>().Item.ShouldBeSameAs(tool);
            var (member, tools) = members.Single(m => ReferenceEquals(m.Member, tool.Member));
            tools.Count(t => t == tool.UpstreamName).ShouldBe(1);
            (member.Member.Tools?.Contains(tool.UpstreamName)).ShouldNotBe(false);
        }

        foreach (var (name, wanting) in Wanted(members))
        {
            // Written anew and plainly: hidden are names with two claimants and names that another member's looks like.
            var alone = wanting.Count == 1 && !Wanted(members).Any(other => other.Value.Any(w => w.Member != wanting[0].Member)
                && ConfusableNames.KeysOf(other.Key).Intersect(ConfusableNames.KeysOf(name)).Any(key => MembersOf(members, key) > 1));
            var listed = catalog.Tools.Any(t => t.Name == name);

            listed.ShouldBe(alone, name);
            catalog.FindTool(name).GetType().ShouldBe(listed ? typeof(RouteTarget.Found) : typeof(RouteTarget.Conflict));
            catalog.Conflicts.Count(c => c.Name == name).ShouldBe(listed ? 0 : 1);
        }

        foreach (var name in Names.Where(n => !Wanted(members).ContainsKey(n))) catalog.FindTool(name).ShouldBeOfType<RouteTarget.Unknown>();
    });

    [Fact]
    public void The_order_is_that_of_the_members_however_the_catalogues_come() => Property.Holds(Gateways, members =>
    {
        var gateway = Catalogs.Gateway([.. members.Select(m => m.Member)]);
        ServerCatalog[] catalogs = [.. members.Select(m => Catalogs.Catalog(m.Member, m.Tools))];

        var one = Catalogs.Compile(gateway, catalogs);
        var other = Catalogs.Compile(gateway, [.. catalogs.Reverse()]);

        other.Tools.Select(t => (t.Name, t.Text())).ShouldBe(one.Tools.Select(t => (t.Name, t.Text())));
        other.Conflicts.Select(c => (c.Name, c.Reason, c.Claimants.Count)).ShouldBe(one.Conflicts.Select(c => (c.Name, c.Reason, c.Claimants.Count)));
        var order = members.SelectMany(m => m.Tools.Select(t => (m.Member, t))).ToList();
        one.Tools.Select(t => order.IndexOf((t.Member, t.UpstreamName))).ShouldBeInOrder();
    });

    private static Dictionary<string, List<(MemberRoute Member, string Tool)>> Wanted((MemberRoute Member, string[] Tools)[] members) => members
        .SelectMany(m => m.Tools.Where(t => m.Member.Member.Tools?.Contains(t) is not false).Select(t => (m.Member, Tool: t)))
        .GroupBy(w => (w.Member.Member.Prefix ?? w.Member.Server.Server.ToolPrefix) + (w.Member.Member.Overrides.SingleOrDefault(o => o.Tool == w.Tool)?.Name ?? w.Tool), StringComparer.Ordinal)
        .ToDictionary(g => g.Key, g => g.ToList(), StringComparer.Ordinal);

    private static int MembersOf((MemberRoute Member, string[] Tools)[] members, string key) =>
        Wanted(members).Where(w => ConfusableNames.KeysOf(w.Key).Contains(key)).SelectMany(w => w.Value.Select(v => v.Member.Member.Server)).Distinct().Count();
}
