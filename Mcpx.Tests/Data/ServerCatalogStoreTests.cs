using System.Text;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Data.Servers;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Data;

public sealed class ServerCatalogStoreTests(PostgresFixture postgres) : DataTests(postgres)
{
    private IServerCatalogStore Catalogs => Host.Get<IServerCatalogStore>();

    [Fact]
    public async Task A_catalogue_comes_back_byte_for_byte()
    {
        var acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        var server = await Host.AddServerAsync(acme, "finance");
        var written = New(server.Id) with { TimeToLive = TimeSpan.FromSeconds(90), Instructions = "Ask \0 nicely" };

        await Catalogs.SaveAsync(acme, written, Cancelled);
        var found = (await Catalogs.FindAsync(acme, server.Id, Cancelled)).ShouldNotBeNull();

        Describe(found).ShouldBe(Describe(written));
        (found.ReadAt, found.TimeToLive, found.Instructions).ShouldBe((written.ReadAt, written.TimeToLive, written.Instructions));
    }

    [Fact]
    public async Task A_newer_reading_replaces_an_older_one_and_not_the_other_way_round()
    {
        var acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        var server = await Host.AddServerAsync(acme, "finance");
        var old = New(server.Id) with { ReadAt = DataHost.Now.AddMinutes(-5) };
        var now = New(server.Id, "other") with { Instructions = null, TimeToLive = null };

        await Catalogs.SaveAsync(acme, old, Cancelled);
        await Catalogs.SaveAsync(acme, now, Cancelled);
        await Catalogs.SaveAsync(acme, old, Cancelled);

        var found = (await Catalogs.FindAsync(acme, server.Id, Cancelled)).ShouldNotBeNull();
        (Describe(found), found.Instructions, found.TimeToLive).ShouldBe((Describe(now), null, null));
    }

    [Fact]
    public async Task Replicas_that_save_at_once_do_not_disturb_each_other()
    {
        var acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        var server = await Host.AddServerAsync(acme, "finance");

        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Catalogs.SaveAsync(acme, New(server.Id), Cancelled)));

        (await Catalogs.FindAsync(acme, server.Id, Cancelled)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_foreign_organisation_finds_and_writes_nothing_and_a_gone_server_is_no_error()
    {
        var acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        var globex = (await Host.AddOrganizationAsync("globex")).Organization.Id;
        var server = await Host.AddServerAsync(acme, "finance");
        await Catalogs.SaveAsync(globex, New(server.Id), Cancelled);
        (await Catalogs.FindAsync(acme, server.Id, Cancelled)).ShouldBeNull();
        await Catalogs.SaveAsync(acme, New(server.Id), Cancelled);

        (await Catalogs.FindAsync(globex, server.Id, Cancelled)).ShouldBeNull();
        await Host.Get<IServerStore>().DeleteAsync(acme, server.Id, Cancelled);
        (await Catalogs.FindAsync(acme, server.Id, Cancelled)).ShouldBeNull();
        await Catalogs.SaveAsync(acme, New(server.Id), Cancelled);
        (await Catalogs.FindAsync(acme, server.Id, Cancelled)).ShouldBeNull();
    }

    [Fact]
    public async Task Content_that_cannot_be_read_is_none()
    {
        var acme = (await Host.AddOrganizationAsync("acme")).Organization.Id;
        var server = await Host.AddServerAsync(acme, "finance");
        var good = CatalogEnvelope.Write(New(server.Id));
        byte[][] damaged = [[], [1], good[..^1], [.. good, 0], [2, .. good[1..]], [.. good[..60], (byte)(good[60] ^ 1), .. good[61..]], new byte[100]];

        foreach (var content in damaged)
        {
            await Catalogs.SaveAsync(acme, New(server.Id), Cancelled);
            await using var command = Host.Owner.CreateCommand("update server_catalogs set content = $1");
            command.Parameters.AddWithValue(content);
            await command.ExecuteNonQueryAsync(Cancelled);

            (await Catalogs.FindAsync(acme, server.Id, Cancelled)).ShouldBeNull();
        }
    }

    private static ServerCatalog New(ServerId server, string tool = "get") => new(server,
        [Item(tool, """{ "name" :"get","description":"\ud800 \u0000 ä","x":1.50e+1}"""), Item(tool, "{}")],
        [Item("ask", """{"name":"ask"}""")], [Item("a:b", """{"uri":"a:b"}""")], [Item("a:{b}", """{"uriTemplate":"a:{b}"}"""), Item("ü", "{}")],
        Encoding.UTF8.GetBytes("""{"tools":{"listChanged":true}}"""), "Instructions", DataHost.Now, null);

    private static CatalogItem Item(string key, string json) => new(key, Encoding.UTF8.GetBytes(json));

    private static string Describe(ServerCatalog c) => string.Join('|', new[] { c.Tools, c.Prompts, c.Resources, c.ResourceTemplates }
        .Select(list => string.Join(',', list.Select(i => i.Key + "=" + Encoding.UTF8.GetString(i.Json.Span)))).Append(Encoding.UTF8.GetString(c.CapabilitiesJson.Span)));
}
