using System.Reflection;
using Mcpx.Core.Calls;
using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Data;
using Mcpx.Data.Identity;
using Mcpx.Data.Isolation;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Isolation;

/// <summary>Scopes as stores use them: what a connection is told, what the object mapper adds, what a foreign id finds.</summary>
public sealed class ScopeTests(PostgresFixture postgres) : DataTests(postgres)
{
    private ScopedContexts Contexts => Host.Get<ScopedContexts>();

    [Fact]
    public async Task A_pooled_connection_carries_no_scope_to_its_next_user()
    {
        string one = Host.ConnectionString + ";Maximum Pool Size=1";
        await using DataHost host = new(one);
        await host.Get<DatabaseMigrator>().MigrateAsync(Cancelled);
        Databases databases = host.Get<Databases>();
        ScopedContexts contexts = host.Get<ScopedContexts>();
        OrganizationId acme = DataHost.NewId<OrganizationId>();
        UserId ann = DataHost.NewId<UserId>();

        int process;
        await using (NpgsqlConnection scoped = await contexts.OpenConnectionAsync(DataScope.Of(acme), Cancelled))
        {
            process = scoped.ProcessID;
            (await ScopeOfAsync(scoped)).ShouldBe($"{acme}|");
        }

        await using (NpgsqlConnection next = await databases.App.OpenConnectionAsync(Cancelled))
        {
            next.ProcessID.ShouldBe(process, "The pool has one connection.");
            (await ScopeOfAsync(next)).ShouldBe("|");
        }

        await using (McpxDbContext context = contexts.Open(DataScope.Of(ann))) _ = await context.Users.CountAsync(Cancelled);
        await using (NpgsqlConnection next = await databases.App.OpenConnectionAsync(Cancelled)) (await ScopeOfAsync(next)).ShouldBe("|");

        // Also after a statement that failed within a transaction.
        await using (NpgsqlConnection failing = await contexts.OpenConnectionAsync(DataScope.Of(acme), Cancelled))
        await using (await failing.BeginTransactionAsync(Cancelled))
        await using (NpgsqlCommand wrong = new("SELECT 1 / 0", failing))
            await Should.ThrowAsync<PostgresException>(() => wrong.ExecuteNonQueryAsync(Cancelled));
        await using (NpgsqlConnection next = await databases.App.OpenConnectionAsync(Cancelled)) (await ScopeOfAsync(next)).ShouldBe("|");
    }

    [Theory]
    [InlineData("")]
    // Either would let one scope's connection serve another's query: no operator's setting may bring that about.
    [InlineData(";Multiplexing=true")]
    [InlineData(";No Reset On Close=true")]
    public async Task One_scope_ends_where_the_next_begins(string settings)
    {
        await using DataHost host = new($"{Host.ConnectionString};Maximum Pool Size=4{settings}");
        await host.Get<DatabaseMigrator>().MigrateAsync(Cancelled);
        OrganizationId acme = DataHost.NewId<OrganizationId>();
        UserId ann = DataHost.NewId<UserId>();
        await Parallel.ForAsync(0, 300, Cancelled, async (i, cancelled) =>
        {
            DataScope? scope = (i % 3) switch { 0 => DataScope.Of(acme), 1 => DataScope.Of(ann), _ => null };
            string expected = (i % 3) switch { 0 => $"{acme}|", 1 => $"|{ann}", _ => "|" };
            await using NpgsqlConnection connection = scope is null
                ? await host.Get<Databases>().App.OpenConnectionAsync(cancelled)
                : await host.Get<ScopedContexts>().OpenConnectionAsync(scope, cancelled);
            (await ScopeOfAsync(connection)).ShouldBe(expected);
        });
    }

    [Fact]
    public async Task Each_query_of_a_context_is_for_its_scope_also_when_the_connection_closed_between()
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        await Host.AddOrganizationAsync("globex");
        await using McpxDbContext context = Contexts.Open(DataScope.Of(acme.Organization.Id));

        for (int i = 0; i < 3; i++)
            (await context.Database.SqlQuery<Guid>($"SELECT id AS \"Value\" FROM organizations").ToListAsync(Cancelled)).ShouldHaveSingleItem().ShouldBe(acme.Organization.Id.Value);
    }

    [Fact]
    public async Task The_model_filters_also_where_the_database_would_not()
    {
        await using TwoTenants tenants = await TwoTenants.StartAsync(Postgres, Cancelled);
        await using McpxDbContext context = AsOwner(tenants.Host, tenants.OurOrganization);
        string[] tables = [.. context.Model.GetEntityTypes().Where(e => e.FindProperty("OrgId") is not null).Select(e => e.GetTableName()!), "organizations"];

        tables.ShouldBe(tenants.Tables.Where(t => (t.IsTenant && !t.IsAppended && !t.IsOfScripts) || t.Name == "organizations").Select(t => t.Name), ignoreOrder: true);
        MethodInfo count = typeof(ScopeTests).GetMethod(nameof(CountAsync), BindingFlags.NonPublic | BindingFlags.Static)!;
        foreach (var entity in context.Model.GetEntityTypes().Where(e => tables.Contains(e.GetTableName())))
            (await (Task<int>)count.MakeGenericMethod(entity.ClrType).Invoke(null, [context])!).ShouldBe(1, entity.GetTableName());
    }

    [Fact]
    public async Task The_model_refuses_to_write_a_foreign_row()
    {
        OrganizationId acme = (await Host.AddOrganizationAsync("acme")).Organization.Id, globex = (await Host.AddOrganizationAsync("globex")).Organization.Id;
        UpstreamServer foreign = await Host.AddServerAsync(globex, "finance");
        await using (McpxDbContext context = AsOwner(Host, DataScope.Of(acme)))
        {
            context.GroupRoles.Add(new GroupRoleRow { OrgId = globex, Issuer = "i", GroupName = "g", Role = Role.Owner });
            (await Should.ThrowAsync<InvalidOperationException>(() => context.SaveChangesAsync(Cancelled))).Message.ShouldContain("group_roles");
        }

        await using (McpxDbContext context = AsOwner(Host, DataScope.Of(acme)))
        {
            var row = await context.Servers.IgnoreQueryFilters().SingleAsync(s => s.Id == foreign.Id, Cancelled);
            context.Servers.Remove(row);
            await Should.ThrowAsync<InvalidOperationException>(() => context.SaveChangesAsync(Cancelled));
            // The synchronous way in is no way around.
            Should.Throw<InvalidOperationException>(() => context.SaveChanges());
        }

        (await Host.QueryAsync("SELECT count(*) FROM servers")).ShouldBe(1L);
        (await Host.QueryAsync("SELECT count(*) FROM group_roles")).ShouldBe(0L);
    }

    [Fact]
    public async Task A_store_that_is_asked_for_one_organisation_finds_nothing_by_another_s_ids()
    {
        Membership acme = await Host.AddOrganizationAsync("acme"), globex = await Host.AddOrganizationAsync("globex");
        OrganizationId ours = acme.Organization.Id, theirs = globex.Organization.Id;
        UpstreamServer server = await Host.AddServerAsync(theirs, "finance", [1, 2, 3]);
        VirtualGateway gateway = new(DataHost.NewId<GatewayId>(), theirs, "all", "All", "", FailureMode.Open, Enabled: true, [new GatewayMember(server.Id, "f_", null, [])], DataHost.Now, DataHost.Now);
        await Host.Get<IGatewayStore>().AddAsync(gateway, Cancelled);
        PersonalAccessToken token = DataHost.NewToken(globex, "laptop");
        await Host.Get<ITokenStore>().AddAsync(token, [9], Cancelled);
        CallRecord call = DataHost.NewCall(theirs, DataHost.Now, server: server.Id);
        await Host.Get<ICallStore>().WriteAsync([call], Cancelled);

        (await Host.Get<IServerStore>().FindAsync(ours, server.Id, Cancelled)).ShouldBeNull();
        (await Host.Get<IServerStore>().FindBySlugAsync(ours, "finance", Cancelled)).ShouldBeNull();
        (await Host.Get<IServerStore>().ListAsync(ours, after: null, 10, tag: null, Cancelled)).Items.ShouldBeEmpty();
        (await Host.Get<IServerStore>().DeleteAsync(ours, server.Id, Cancelled)).ShouldBeFalse();
        await Host.Get<IServerStore>().RememberTestAsync(ours, server.Id, server.Url, new TestOutcome(DataHost.Now, "of somebody else"), Cancelled);
        (await Host.Get<IGovernanceStore>().FindAsync(ours, server.Id, Cancelled)).ShouldBeNull();
        (await Host.Get<IServerCatalogStore>().FindAsync(ours, server.Id, Cancelled)).ShouldBeNull();
        (await Host.Get<IGatewayStore>().FindAsync(ours, gateway.Id, Cancelled)).ShouldBeNull();
        (await Host.Get<IGatewayStore>().DeleteAsync(ours, gateway.Id, Cancelled)).ShouldBeFalse();
        (await Host.Get<ITokenStore>().ListAsync(ours, globex.User.Id, Cancelled)).ShouldBeEmpty();
        (await Host.Get<ITokenStore>().RevokeAsync(ours, [token.Id], DataHost.Now, Cancelled)).ShouldBeEmpty();
        (await Host.Get<ICallStore>().FindAsync(ours, call.Id, Cancelled)).ShouldBeNull();
        (await Host.Get<ICallStore>().ListAsync(ours, new CallFilter(Server: server.Id), Cancelled)).Items.ShouldBeEmpty();
        (await Host.Get<IMetricStore>().ByServerAsync(ours, DataHost.Now.AddHours(-1), DataHost.Now.AddHours(1), Cancelled)).ShouldBeEmpty();
        (await Host.Get<IMembershipStore>().FindAsync("globex", acme.User.Id, Cancelled)).ShouldBeNull();

        // The same questions, by whom they belong to.
        (await Host.Get<IServerStore>().FindAsync(theirs, server.Id, Cancelled)).ShouldNotBeNull().LastTest.ShouldBeNull();
        (await Host.Get<IGatewayStore>().FindAsync(theirs, gateway.Id, Cancelled)).ShouldNotBeNull();
        (await Host.Get<ICallStore>().FindAsync(theirs, call.Id, Cancelled)).ShouldNotBeNull();
        (await Host.Get<ICallStore>().ListAsync(theirs, new CallFilter(Server: server.Id), Cancelled)).Items.ShouldHaveSingleItem();
        (await Host.Get<ITokenStore>().RevokeAsync(theirs, [token.Id], DataHost.Now, Cancelled)).ShouldBe([token.Id]);
    }

    /// <summary>With the owner's connection, whom row-level security lets through: what is refused, the model refuses.</summary>
    private static McpxDbContext AsOwner(DataHost host, DataScope scope)
    {
        DbContextOptionsBuilder<McpxDbContext> options = new();
        options.UseNpgsql(host.Owner, ContextOptions.Common).LogQuietly();
        return new McpxDbContext(options.Options, scope);
    }

    private static Task<int> CountAsync<T>(McpxDbContext context) where T : class => context.Set<T>().CountAsync(Cancelled);

    private static async Task<string> ScopeOfAsync(NpgsqlConnection connection)
    {
        await using NpgsqlCommand command = new("SELECT coalesce(current_setting('mcpx.org_id', true), '') || '|' || coalesce(current_setting('mcpx.user_id', true), '')", connection);
        return (string)(await command.ExecuteScalarAsync(Cancelled))!;
    }
}
