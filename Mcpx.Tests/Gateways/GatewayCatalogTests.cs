using System.Text.Json;
using System.Text.Json.Nodes;
using Mcpx.Core.Gateways;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Gateways;

public sealed class GatewayCatalogTests
{
    private const string Rich =
        """{ "x-first" : [1 , 2.50e+1], "n\u0061me":"get", "description":"Gets \u00e4 \ud800 \/", "inputSchema":{"properties":{"name":{"x-mcp-header":"H"}}} ,"_meta":{ "description":"inner" }}""";

    [Fact]
    public void Tools_and_prompts_get_the_prefix_and_resources_keep_their_uri()
    {
        var member = Catalogs.Member(prefix: "hr_");

        var catalog = Catalogs.Compile(Catalogs.Gateway(member), Catalogs.Catalog(member, ["get"], ["ask"], ["file:///a"], ["file:///{id}"]));

        catalog.Tools.Select(t => (t.Name, t.UpstreamName, t.Text())).ShouldBe([("hr_get", "get", """{"name":"hr_get"}""")]);
        catalog.Prompts.Select(t => (t.Name, t.UpstreamName, t.Text())).ShouldBe([("hr_ask", "ask", """{"name":"hr_ask"}""")]);
        catalog.Resources.Select(t => (t.Name, t.UpstreamName)).ShouldBe([("file:///a", "file:///a")]);
        catalog.ResourceTemplates.Select(t => (t.Name, t.UpstreamName)).ShouldBe([("file:///{id}", "file:///{id}")]);
        catalog.FindTool("hr_get").ShouldBe(new RouteTarget.Found(catalog.Tools[0]));
        catalog.FindTool("get").ShouldBeOfType<RouteTarget.Unknown>();
        catalog.FindTool("HR_get").ShouldBeOfType<RouteTarget.Unknown>();
        catalog.FindTool("hr_get ").ShouldBeOfType<RouteTarget.Unknown>();
        catalog.FindPrompt("hr_ask").ShouldBeOfType<RouteTarget.Found>();
        catalog.FindResourceTemplate("file:///{id}").ShouldBeOfType<RouteTarget.Found>();
        catalog.Conflicts.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("hr_", null, "hr_")]
    [InlineData("hr_", "", "")]
    [InlineData("hr_", "own.", "own.")]
    [InlineData("", null, "")]
    [InlineData("", "", "")]
    [InlineData("", "own.", "own.")]
    public void A_member_takes_its_servers_prefix_unless_it_says_otherwise(string servers, string? members, string holds)
    {
        var member = Catalogs.Member(Catalogs.Server(prefix: servers), members, overrides: new ToolOverride("set", "put", null));

        var catalog = Catalogs.Compile(Catalogs.Gateway(member), Catalogs.Catalog(member, ["get", "set"], ["ask"], ["file:///a"]));

        member.Prefix.ShouldBe(holds);
        catalog.Tools.Select(t => (t.Name, t.UpstreamName)).ShouldBe([(holds + "get", "get"), (holds + "put", "set")]);
        catalog.Prompts.Select(p => (p.Name, p.UpstreamName)).ShouldBe([(holds + "ask", "ask")]);
        catalog.Resources.Single().Name.ShouldBe("file:///a");
        if (holds.Length > 0) catalog.FindTool("get").ShouldBeOfType<RouteTarget.Unknown>();
    }

    [Fact]
    public void A_servers_prefix_can_make_a_conflict_and_a_members_own_ends_it()
    {
        var one = Catalogs.Member(Catalogs.Server(prefix: "a_"), prefix: null);
        var server = Catalogs.Server(prefix: "a_");
        var (clash, apart) = (Catalogs.Member(server, prefix: null), Catalogs.Member(server, prefix: "b_"));

        Catalogs.Compile(Catalogs.Gateway(one, clash), Catalogs.Catalog(one, ["get"]), Catalogs.Catalog(clash, ["get"])).Conflicts.ShouldHaveSingleItem().Name.ShouldBe("a_get");
        Catalogs.Compile(Catalogs.Gateway(one, apart), Catalogs.Catalog(one, ["get"]), Catalogs.Catalog(apart, ["get"])).Tools.Select(t => t.Name).ShouldBe(["a_get", "b_get"]);
    }

    [Fact]
    public void What_is_not_replaced_keeps_every_byte()
    {
        var plain = Catalogs.Member();
        var renamed = Catalogs.Member(prefix: "p_", overrides: new ToolOverride("get", "take", "Say \"hi\"\u0001 ü"));
        var item = Catalogs.Item("get", Rich);

        var catalog = Catalogs.Compile(Catalogs.Gateway(plain, renamed), Catalogs.Catalog(plain.Member.Server, [item]), Catalogs.Catalog(renamed.Member.Server, [item]));

        catalog.Tools[0].Text().ShouldBe(Rich);
        catalog.Tools[1].Text().ShouldBe(Rich.Replace(":\"get\"", ":\"p_take\"", StringComparison.Ordinal).Replace("\"Gets \\u00e4 \\ud800 \\/\"", "\"Say \\\"hi\\\"\\u0001 ü\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"name":"get"}""", """{"name":"get","description":"D"}""")]
    [InlineData("""{"a":1, "name" : "get" , "z":{"description":"no"}}""", """{"a":1, "name" : "get","description":"D" , "z":{"description":"no"}}""")]
    [InlineData("""{"description":null,"name":"get"}""", """{"description":"D","name":"get"}""")]
    [InlineData("""{"description":{"a":[1]},"name":"get","d\u0065scription":"bypass"}""", """{"description":"D","name":"get","d\u0065scription":"D"}""")]
    public void A_description_is_put_in_or_replaced_wherever_it_stands(string item, string expected)
    {
        var member = Catalogs.Member(overrides: new ToolOverride("get", null, "D"));

        Catalogs.Compile(Catalogs.Gateway(member), Catalogs.Catalog(member.Member.Server, [Catalogs.Item("get", item)])).Tools.Single().Text().ShouldBe(expected);
    }

    [Fact]
    public void A_name_that_two_members_offer_is_hidden_on_both_sides()
    {
        var (one, two) = (Catalogs.Member(), Catalogs.Member());

        var catalog = Catalogs.Compile(Catalogs.Gateway(one, two), Catalogs.Catalog(one, ["get", "own"], ["ask"], ["a:b"], ["a:{x}"]), Catalogs.Catalog(two, ["other", "get"], ["ask"], ["a:b"], ["a:{x}"]));

        catalog.Tools.Select(t => t.Name).ShouldBe(["own", "other"]);
        catalog.Prompts.ShouldBeEmpty();
        catalog.Resources.ShouldBeEmpty();
        catalog.ResourceTemplates.ShouldBeEmpty();
        catalog.Conflicts.Select(c => (c.Kind, c.Name, c.Reason)).ShouldBe([
            (CatalogItemKind.Tool, "get", ConflictReasons.SameName), (CatalogItemKind.Prompt, "ask", ConflictReasons.SameName),
            (CatalogItemKind.Resource, "a:b", ConflictReasons.SameName), (CatalogItemKind.ResourceTemplate, "a:{x}", ConflictReasons.SameName)]);
        catalog.Conflicts[0].Claimants.ShouldBe([(one, "get"), (two, "get")]);
        catalog.FindTool("get").ShouldBe(new RouteTarget.Conflict(catalog.Conflicts[0]));
        catalog.FindResource("a:b").ShouldBeOfType<RouteTarget.Conflict>();
        catalog.FindResource("a:c").ShouldBeOfType<RouteTarget.Conflict>();
    }

    [Fact]
    public void A_prefix_that_makes_two_names_one_is_a_conflict()
    {
        var (one, two) = (Catalogs.Member(prefix: "a_"), Catalogs.Member(prefix: "a_b_"));

        var catalog = Catalogs.Compile(Catalogs.Gateway(one, two), Catalogs.Catalog(one, ["b_c"]), Catalogs.Catalog(two, ["c"]));

        catalog.Tools.ShouldBeEmpty();
        catalog.Conflicts.Single().Claimants.ShouldBe([(one, "b_c"), (two, "c")]);
    }

    [Fact]
    public void Names_of_two_members_that_look_alike_are_hidden_and_those_of_one_stay()
    {
        var (one, two) = (Catalogs.Member(), Catalogs.Member());

        var catalog = Catalogs.Compile(Catalogs.Gateway(one, two), Catalogs.Catalog(one, ["pay", "Get", "get"]), Catalogs.Catalog(two, ["p\u0430y", "SET", "set"]));

        catalog.Tools.Select(t => t.Name).ShouldBe(["Get", "get", "SET", "set"]);
        catalog.Conflicts.Select(c => (c.Name, c.Reason)).ShouldBe([("pay", ConflictReasons.LooksAlike), ("p\u0430y", ConflictReasons.LooksAlike)]);
        foreach (var conflict in catalog.Conflicts) conflict.Claimants.ShouldBe([(one, "pay"), (two, "p\u0430y")]);
        catalog.FindTool("pay").ShouldBeOfType<RouteTarget.Conflict>();
    }

    [Fact]
    public void A_name_that_one_server_lists_twice_is_hidden()
    {
        var member = Catalogs.Member(overrides: new ToolOverride("b", "c", null));

        var catalog = Catalogs.Compile(Catalogs.Gateway(member), Catalogs.Catalog(member, ["a", "a", "b", "c", "d"]));

        catalog.Tools.Select(t => t.Name).ShouldBe(["d"]);
        catalog.Conflicts.Select(c => (c.Name, c.Reason)).ShouldBe([("a", ConflictReasons.NameTwice), ("c", ConflictReasons.NameTwice)]);
    }

    [Fact]
    public void A_resource_is_found_by_its_uri_then_by_a_template_then_at_the_only_member_that_has_any()
    {
        var (tools, files, mail) = (Catalogs.Member(), Catalogs.Member(), Catalogs.Member());
        var gateway = Catalogs.Gateway(tools, files, mail);
        var fileCatalog = Catalogs.Catalog(files, resources: ["file:///listed"], templates: ["file:///{name}", "file:///{+path}"]);

        var both = Catalogs.Compile(gateway, Catalogs.Catalog(tools, ["t"]), fileCatalog, Catalogs.Catalog(mail, capabilities: """{"resources":{}}"""));
        var alone = Catalogs.Compile(gateway, Catalogs.Catalog(tools, ["t"]), fileCatalog);

        both.FindResource("file:///listed").ShouldBe(new RouteTarget.Found(both.Resources[0]));
        var byTemplate = both.FindResource("file:///other").ShouldBeOfType<RouteTarget.Found>().Item;
        (byTemplate.Member, byTemplate.Name, byTemplate.UpstreamName, byTemplate.Text()).ShouldBe((files, "file:///other", "file:///other", """{"uriTemplate":"file:///{name}"}"""));
        both.FindResource("mail:1").ShouldBeOfType<RouteTarget.Unknown>();
        alone.FindResource("mail:1").ShouldBe(new RouteTarget.Found(new ExposedItem("mail:1", files, "mail:1", default)));
        Catalogs.Compile(gateway, Catalogs.Catalog(tools, ["t"])).FindResource("mail:1").ShouldBeOfType<RouteTarget.Unknown>();
    }

    [Theory]
    [InlineData("test://t/{id}/data", "test://t/7/data", true)]
    [InlineData("test://t/{id}/data", "test://t/%C3%A4%2F/data", true)]
    [InlineData("test://t/{id}/data", "test://t/a/b/data", false)]
    [InlineData("test://t/{id}/data", "test://t//data", false)]
    [InlineData("test://t/{id}/data", "test://t/7/data\n", false)]
    [InlineData("test://t/{id}/data", "xtest://t/7/data", false)]
    [InlineData("file:///{+path}", "file:///a/b?c", true)]
    [InlineData("file:{/path*}", "file:/a/b", true)]
    [InlineData("file:{/path*}", "file:/a/b?c", false)]
    [InlineData("s://x{?q,lang}", "s://x?q=1&lang=de", true)]
    [InlineData("s://x{?q,lang}", "s://x", true)]
    [InlineData("s://x{?q,lang}", "s://xy", false)]
    [InlineData("s://x?a=1{&b}", "s://x?a=1&b=2", true)]
    [InlineData("s://x{#part}", "s://x#p/q", true)]
    [InlineData("s://x{.ext}", "s://x.json", true)]
    [InlineData("s://x{;p}", "s://x;p=1", true)]
    [InlineData("s://a.b/{x}", "s://aXb/1", false)]
    [InlineData("s://(a)+/{x}", "s://(a)+/1", true)]
    [InlineData("s://{x", "s://1", false)]
    [InlineData("s://{}", "s://1", false)]
    [InlineData("s://}{x}", "s://}1", true)]
    public void A_template_matches_what_comes_from_it(string template, string uri, bool matches)
    {
        var (one, two) = (Catalogs.Member(), Catalogs.Member());

        var found = Catalogs.Compile(Catalogs.Gateway(one, two), Catalogs.Catalog(one, templates: [template]), Catalogs.Catalog(two, resources: ["other:x"])).FindResource(uri);

        found.GetType().ShouldBe(matches ? typeof(RouteTarget.Found) : typeof(RouteTarget.Unknown));
    }

    [Fact]
    public void No_template_makes_finding_slow()
    {
        var member = Catalogs.Member();
        var hostile = "s:" + string.Concat(Enumerable.Repeat("{+a}", 490));

        var catalog = Catalogs.Compile(Catalogs.Gateway(member), Catalogs.Catalog(member, templates: [hostile, "s:" + new string('{', 100_000), "s:" + string.Concat(Enumerable.Repeat("{a}", 50_000))]));

        catalog.FindResource("s:" + new string('a', 10_000)).ShouldBeOfType<RouteTarget.Found>();
    }

    [Fact]
    public void Thousands_of_names_that_all_look_alike_cost_little()
    {
        var (one, two) = (Catalogs.Member(), Catalogs.Member());
        string[] names = [.. Enumerable.Range(0, 2000).Select(n => string.Concat(Enumerable.Range(0, 11).Select(bit => (n >> bit & 1) == 0 ? 'a' : 'A')))];

        var catalog = Catalogs.Compile(Catalogs.Gateway(one, two), Catalogs.Catalog(one, names), Catalogs.Catalog(two, [.. names.Reverse()]));

        catalog.Tools.ShouldBeEmpty();
        catalog.Conflicts.Count.ShouldBe(2000);
        catalog.Conflicts.Sum(c => c.Claimants.Count).ShouldBeLessThanOrEqualTo(2000 * 100);
        catalog.Conflicts.ShouldAllBe(c => c.Claimants.Any(x => x.UpstreamName == c.Name));
    }

    [Fact]
    public void An_exposed_item_is_json_again()
    {
        var member = Catalogs.Member(prefix: "\"\\\u0000\uD800", overrides: new ToolOverride("get", "\u2028<>", null));

        var tool = Catalogs.Compile(Catalogs.Gateway(member), Catalogs.Catalog(member, ["get"])).Tools.Single();

        JsonNode.Parse(tool.Json.Span)!["name"]!.GetValue<string>().ShouldBe("\"\\\u0000\uFFFD\u2028<>");
        JsonDocument.Parse(tool.Json).RootElement.EnumerateObject().Count().ShouldBe(1);
    }
}
