using System.IO.Pipelines;
using System.Reflection;
using Mcpx.Core;
using Mcpx.Core.Audit;
using Mcpx.Core.Audit.Chain;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Export;
using Mcpx.Core.Calls.Recording;
using Mcpx.Core.Calls.Retention;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Calls.Streaming;
using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Governance.Pinning;
using Mcpx.Core.Governance.PolicyEngines;
using Mcpx.Core.Health;
using Mcpx.Core.Identity;
using Mcpx.Core.Metrics;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy.Access;
using Mcpx.Core.Proxy.Gateways;
using Mcpx.Core.Proxy.Repeat;
using Mcpx.Core.Redaction;
using Mcpx.Core.Servers;
using Mcpx.Tests.Calls.Journal;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Identity;

/// <summary>
/// Every operation of Core that an actor asks for × every role: what the doors and the dashboard's handlers call. An
/// operation that is not in the table fails the build.
/// </summary>
public sealed class AdminMatrixTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static readonly ServerId NoServer = EntityId.New<ServerId>(TimeProvider.System);
    private static readonly GatewayId NoGateway = EntityId.New<GatewayId>(TimeProvider.System);
    private static readonly UserId Nobody = EntityId.New<UserId>(TimeProvider.System);
    private static readonly InvitationId NoInvitation = EntityId.New<InvitationId>(TimeProvider.System);
    private static readonly ServiceAccountId NoAccount = EntityId.New<ServiceAccountId>(TimeProvider.System);
    private static readonly TimeSpan Range = TimeSpan.FromMinutes(1);
    private static readonly MetricQuestion LastHour = new(TimeProvider.System.GetUtcNow().AddHours(-1));

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>What is asked for does not exist or is wrong: who is let in changes nothing either.</summary>
    private Dictionary<string, (Permission Needed, Func<Actor, Task> Act)> Table => new(StringComparer.Ordinal)
    {
        ["CallAdmin.CountAsync(filter)"] = (Permission.ViewResources, a => Get<CallAdmin>().CountAsync(a, new CallFilter(), Cancelled)),
        ["CallQueries.ReadAsync(query)"] = (Permission.ViewResources, a => Get<CallQueries>().ReadAsync(a, new CallQuery(), Cancelled)),
        ["CallQueries.ResolveAsync(query)"] = (Permission.ViewResources, a => Get<CallQueries>().ResolveAsync(a, new CallQuery(), Cancelled)),
        ["CallExport.WriteAsync(order, output)"] = (Permission.ViewResources, a => Get<CallExport>().WriteAsync(a, new CallExportOrder(new CallFilter(Cursor: "zzz"), "", ExportFormat.Csv, false), PipeWriter.Create(Stream.Null), Cancelled)),
        ["ScheduledExportAdmin.ListAsync()"] = (Permission.ManageOrganization, a => Get<ScheduledExportAdmin>().ListAsync(a, Cancelled)),
        ["ScheduledExportAdmin.CreateAsync(input)"] = (Permission.ManageOrganization, a => Get<ScheduledExportAdmin>().CreateAsync(a, new NewScheduledExport("Not A Slug"), Cancelled)),
        ["LogStreamAdmin.ListAsync()"] = (Permission.ManageOrganization, a => Get<LogStreamAdmin>().ListAsync(a, Cancelled)),
        ["LogStreamAdmin.CreateAsync(input)"] = (Permission.ManageOrganization, a => Get<LogStreamAdmin>().CreateAsync(a, new NewLogStream("Not A Slug"), Cancelled)),
        ["LogStreamAdmin.PauseAsync(id)"] = (Permission.ManageOrganization, a => Get<LogStreamAdmin>().PauseAsync(a, default, Cancelled)),
        ["LogStreamAdmin.ResumeAsync(id)"] = (Permission.ManageOrganization, a => Get<LogStreamAdmin>().ResumeAsync(a, default, Cancelled)),
        ["LogStreamAdmin.TestAsync(id)"] = (Permission.ManageOrganization, a => Get<LogStreamAdmin>().TestAsync(a, default, Cancelled)),
        ["LogStreamAdmin.DeleteAsync(id)"] = (Permission.ManageOrganization, a => Get<LogStreamAdmin>().DeleteAsync(a, default, Cancelled)),
        ["ScheduledExportAdmin.DeleteAsync(id)"] = (Permission.ManageOrganization, a => Get<ScheduledExportAdmin>().DeleteAsync(a, default, Cancelled)),
        ["SavedFilterAdmin.ListAsync()"] = (Permission.ViewResources, a => Get<SavedFilterAdmin>().ListAsync(a, Cancelled)),
        ["SavedFilterAdmin.CreateAsync(input)"] = (Permission.ViewResources, a => Get<SavedFilterAdmin>().CreateAsync(a, new NewSavedFilter("", ""), Cancelled)),
        ["SavedFilterAdmin.DeleteAsync(id)"] = (Permission.ViewResources, a => Get<SavedFilterAdmin>().DeleteAsync(a, default, Cancelled)),
        ["CallAdmin.ListAsync(filter)"] = (Permission.ViewResources, a => Get<CallAdmin>().ListAsync(a, new CallFilter(), Cancelled)),
        ["CallAdmin.GetAsync(id)"] = (Permission.ViewResources, a => Get<CallAdmin>().GetAsync(a, EntityId.New<CallId>(TimeProvider.System), Cancelled)),
        ["AuditAdmin.ListAsync(filter)"] = (Permission.ViewAuditLog, a => Get<AuditAdmin>().ListAsync(a, new AdminEntryFilter(), Cancelled)),
        ["AuditAdmin.ListInstallationAsync(filter)"] = (Permission.ManageOrganization, a => Get<AuditAdmin>().ListInstallationAsync(a, new AdminEntryFilter(), Cancelled)),
        ["AuditAdmin.ShowsInstallationTo()"] = (Permission.ViewResources, a => Sync(() => Get<AuditAdmin>().ShowsInstallationTo(a))),
        ["ChainAdmin.ListCheckpointsAsync()"] = (Permission.ViewAuditLog, a => Get<ChainAdmin>().ListCheckpointsAsync(a, Cancelled)),
        ["ChainAdmin.VerifyAsync(progress)"] = (Permission.ViewAuditLog, a => Get<ChainAdmin>().VerifyAsync(a, null, Cancelled)),
        ["ChainAdmin.ReadExportAsync(output)"] = (Permission.ViewAuditLog, a => Get<ChainAdmin>().ReadExportAsync(a, Stream.Null, Cancelled)),
        ["CallFeed.Subscribe(onCalls)"] = (Permission.ViewResources, a => End(() => Get<CallFeed>().Subscribe(a, () => { }))),
        ["LiveFigures.Subscribe(range, onFrame)"] = (Permission.ViewResources, a => End(() => Get<LiveFigures>().Subscribe(a, Range, _ => { }))),
        ["MetricQueries.ReadAsync(query)"] = (Permission.ViewResources, a => Get<MetricQueries>().ReadAsync(a, new MetricQuery(), Cancelled)),
        ["MetricsQuery.NamesAsync(ids)"] = (Permission.ViewResources, a => Get<MetricsQuery>().NamesAsync(a, [], Cancelled)),
        ["MetricsQuery.CompareAsync(question, by, order, count)"] = (Permission.ViewResources, a => Get<MetricsQuery>().CompareAsync(a, LastHour, MetricDimension.Server, MetricOrder.Calls, 1, Cancelled)),
        ["MetricsQuery.HistoryAsync(question)"] = (Permission.ViewResources, a => Get<MetricsQuery>().HistoryAsync(a, LastHour, Cancelled)),
        ["MetricsQuery.RankAsync(question, by, order, count)"] = (Permission.ViewResources, a => Get<MetricsQuery>().RankAsync(a, LastHour, MetricDimension.Caller, MetricOrder.P95, 5, Cancelled)),
        ["MetricRetentionAdmin.GetAsync()"] = (Permission.ViewResources, a => Get<MetricRetentionAdmin>().GetAsync(a, Cancelled)),
        ["MetricRetentionAdmin.SaveAsync(retention)"] = (Permission.ManageOrganization, a => Get<MetricRetentionAdmin>().SaveAsync(a, new MetricRetention(0, 0, 0, 0), Cancelled)),
        ["MetricsQuery.ByServerAsync(range)"] = (Permission.ViewResources, a => Get<MetricsQuery>().ByServerAsync(a, Range, Cancelled)),
        ["GatewayAdmin.CreateAsync(input)"] = (Permission.ManageServers, a => Get<GatewayAdmin>().CreateAsync(a, new NewGateway("", ""), Cancelled)),
        ["GatewayAdmin.UpdateAsync(id, change)"] = (Permission.ManageServers, a => Get<GatewayAdmin>().UpdateAsync(a, NoGateway, new GatewayChange(Name: "x"), Cancelled)),
        ["GatewayAdmin.DeleteAsync(id)"] = (Permission.ManageServers, a => Get<GatewayAdmin>().DeleteAsync(a, NoGateway, Cancelled)),
        ["GatewayAdmin.GetAsync(id)"] = (Permission.ViewResources, a => Get<GatewayAdmin>().GetAsync(a, NoGateway, Cancelled)),
        ["GatewayAdmin.GetBySlugAsync(slug)"] = (Permission.ViewResources, a => Get<GatewayAdmin>().GetBySlugAsync(a, "none", Cancelled)),
        ["GatewayAdmin.ListAsync(after, size)"] = (Permission.ViewResources, a => Get<GatewayAdmin>().ListAsync(a, null, 1, Cancelled)),
        ["GatewayExplainer.ShowAsync(gateway)"] = (Permission.ViewResources, a => Get<GatewayExplainer>().ShowAsync(a, NoGateway, Cancelled)),
        ["GatewayExplainer.Peek(gateway)"] = (Permission.ViewResources, a => Sync(() => Get<GatewayExplainer>().Peek(a, NoGateway))),
        ["GatewayExplainer.RefreshAsync(gateway)"] = (Permission.ManageServers, a => Get<GatewayExplainer>().RefreshAsync(a, NoGateway, Cancelled)),
        ["GatewayExplainer.MembersOf()"] = (Permission.ViewResources, a => Sync(() => Get<GatewayExplainer>().MembersOf(a))),
        ["GatewayExplainer.PeekTools(server)"] = (Permission.ViewResources, a => Sync(() => Get<GatewayExplainer>().PeekTools(a, Server(a)))),
        ["GatewayExplainer.FindToolsAsync(server)"] = (Permission.ManageServers, a => Get<GatewayExplainer>().FindToolsAsync(a, new ServerSummary(NoServer, "none", "none", true), Cancelled)),
        ["GatewayExplainer.CircuitOf(server)"] = (Permission.ViewResources, a => Sync(() => Get<GatewayExplainer>().CircuitOf(a, NoServer))),
        ["GatewayExplainer.Watch(onChange)"] = (Permission.ViewResources, a => End(() => Get<GatewayExplainer>().Watch(a, () => { }))),
        ["GovernanceAdmin.GetAsync(server)"] = (Permission.ViewResources, a => Get<GovernanceAdmin>().GetAsync(a, NoServer, Cancelled)),
        ["CallLimitAdmin.ListAsync()"] = (Permission.ViewResources, a => Get<CallLimitAdmin>().ListAsync(a, Cancelled)),
        ["CallLimitAdmin.CreateAsync(input)"] = (Permission.ManageGovernance, a => Get<CallLimitAdmin>().CreateAsync(a, new NewCallLimit(), Cancelled)),
        ["CallLimitAdmin.UpdateAsync(id, input)"] = (Permission.ManageGovernance, a => Get<CallLimitAdmin>().UpdateAsync(a, default, new NewCallLimit(), Cancelled)),
        ["CallLimitAdmin.DeleteAsync(id)"] = (Permission.ManageGovernance, a => Get<CallLimitAdmin>().DeleteAsync(a, default, Cancelled)),
        ["AccessExplainer.ExplainAsync(audience, endpoint)"] = (Permission.ManageGovernance, a => Get<AccessExplainer>().ExplainAsync(a, RuleAudience.Everyone, Guid.Empty, Cancelled)),
        ["AccessExplainer.PreviewAsync(server, input, audience, tools)"] = (Permission.ManageGovernance,
            a => Get<AccessExplainer>().PreviewAsync(a, NoServer, new NewGovernance(GovernanceMode.None, null), RuleAudience.Everyone, null, Cancelled)),
        ["RuleReplay.RunAsync(server, input, days)"] = (Permission.ManageGovernance, a => Get<RuleReplay>().RunAsync(a, NoServer, new NewGovernance(GovernanceMode.None, null), 1, Cancelled)),
        ["GovernanceAdmin.DraftAsync(server, input)"] = (Permission.ManageGovernance, a => Get<GovernanceAdmin>().DraftAsync(a, NoServer, new NewGovernance(GovernanceMode.None, null), Cancelled)),
        ["GovernanceAdmin.NamesAsync(governance)"] = (Permission.ViewResources, a => Get<GovernanceAdmin>().NamesAsync(a, new ServerGovernance(NoServer, GovernanceMode.None, []), Cancelled)),
        ["GovernanceAdmin.GetSettingsAsync()"] = (Permission.ViewResources, a => Get<GovernanceAdmin>().GetSettingsAsync(a, Cancelled)),
        ["GovernanceAdmin.SaveSettingsAsync(settings)"] = (Permission.ManageGovernance, a => Get<GovernanceAdmin>().SaveSettingsAsync(a, GovernanceSettings.Default, Cancelled)),
        ["GovernanceAdmin.ReplaceAsync(server, input)"] = (Permission.ManageGovernance, a => Get<GovernanceAdmin>().ReplaceAsync(a, NoServer, new NewGovernance(GovernanceMode.None, null), Cancelled)),
        ["RedactionAdmin.GetAsync()"] = (Permission.ViewResources, a => Get<RedactionAdmin>().GetAsync(a, Cancelled)),
        ["RedactionAdmin.ListServersAsync()"] = (Permission.ViewResources, a => Get<RedactionAdmin>().ListServersAsync(a, Cancelled)),
        ["RedactionAdmin.GetServerAsync(server)"] = (Permission.ViewResources, a => Get<RedactionAdmin>().GetServerAsync(a, NoServer, Cancelled)),
        ["RedactionAdmin.ReplaceAsync(rules)"] = (Permission.ManageGovernance, a => Get<RedactionAdmin>().ReplaceAsync(a, [new RedactionRule(RedactionKind.Key, "", RedactionMode.Mask)], Cancelled)),
        ["RedactionAdmin.ResetAsync()"] = (Permission.ManageGovernance, a => Get<RedactionAdmin>().ResetAsync(a, Cancelled)),
        ["RedactionAdmin.ReplaceServerAsync(server, payloads, rules)"] = (Permission.ManageGovernance, a => Get<RedactionAdmin>().ReplaceServerAsync(a, NoServer, PayloadMode.Full, [], Cancelled)),
        ["RedactionAdmin.TryAsync(sample)"] = (Permission.ManageGovernance, a => Get<RedactionAdmin>().TryAsync(a, new RedactionSample(""), Cancelled)),
        ["CallAdmin.ListRoundsAsync(call)"] = (Permission.ViewResources, a => Get<CallAdmin>().ListRoundsAsync(a, JournalCalls.Small(), Cancelled)),
        ["RecordingAdmin.GetAsync()"] = (Permission.ViewResources, a => Get<RecordingAdmin>().GetAsync(a, Cancelled)),
        ["RecordingAdmin.SaveAsync(settings)"] = (Permission.ManageGovernance, a => Get<RecordingAdmin>().SaveAsync(a, new RecordingSettings(RecordingMode.Standard), Cancelled)),
        ["RetentionAdmin.GetAsync()"] = (Permission.ViewResources, a => Get<RetentionAdmin>().GetAsync(a, Cancelled)),
        ["RetentionAdmin.SaveAsync(settings)"] = (Permission.ManageOrganization, a => Get<RetentionAdmin>().SaveAsync(a, RetentionSettings.Default, Cancelled)),
        ["RetentionAdmin.ListHoldsAsync()"] = (Permission.ViewAuditLog, a => Get<RetentionAdmin>().ListHoldsAsync(a, Cancelled)),
        ["RetentionAdmin.AddHoldAsync(input)"] = (Permission.ManageOrganization, a => Get<RetentionAdmin>().AddHoldAsync(a, new NewLegalHold(""), Cancelled)),
        ["RetentionAdmin.ReleaseHoldAsync(hold)"] = (Permission.ManageOrganization, a => Get<RetentionAdmin>().ReleaseHoldAsync(a, default, Cancelled)),
        ["CallRepeater.DraftAsync(id)"] = (Permission.CallTools, a => Get<CallRepeater>().DraftAsync(a, EntityId.New<CallId>(TimeProvider.System), Cancelled)),
        ["CallRepeater.RunAsync(id, arguments)"] = (Permission.CallTools, a => Get<CallRepeater>().RunAsync(a, EntityId.New<CallId>(TimeProvider.System), null, Cancelled)),
        ["InstallationFigures.RankAsync(query, order, count)"] = (Permission.ManageOrganization, a => Get<InstallationFigures>().RankAsync(a, new MetricQuery(), MetricOrder.Calls, 1, Cancelled)),
        ["InstallationAdmin.GetAsync()"] = (Permission.ManageOrganization, a => Get<InstallationAdmin>().GetAsync(a, Cancelled)),
        ["PolicyEngineAdmin.FindAsync()"] = (Permission.ManageGovernance, a => Get<PolicyEngineAdmin>().FindAsync(a, Cancelled)),
        ["PolicyEngineAdmin.ReplaceAsync(input)"] = (Permission.ManageGovernance, a => Get<PolicyEngineAdmin>().ReplaceAsync(a, new PolicyEngineInput(""), Cancelled)),
        ["PolicyEngineAdmin.DeleteAsync()"] = (Permission.ManageGovernance, a => Get<PolicyEngineAdmin>().DeleteAsync(a, Cancelled)),
        ["PolicyEngineAdmin.TryAsync(server, tool)"] = (Permission.ManageGovernance, a => Get<PolicyEngineAdmin>().TryAsync(a, null, null, Cancelled)),
        ["ToolPinAdmin.GetAsync(server)"] = (Permission.ViewResources, a => Get<ToolPinAdmin>().GetAsync(a, NoServer, Cancelled)),
        ["ToolPinAdmin.Summarize()"] = (Permission.ViewResources, a => Sync(() => Get<ToolPinAdmin>().Summarize(a))),
        ["ToolPinAdmin.RefreshAsync(server)"] = (Permission.ManageGovernance, a => Get<ToolPinAdmin>().RefreshAsync(a, NoServer, Cancelled)),
        ["ToolPinAdmin.ApproveAsync(server, choices)"] = (Permission.ManageGovernance, a => Get<ToolPinAdmin>().ApproveAsync(a, NoServer, [new PinChoice("x", default)], Cancelled)),
        ["ToolPinAdmin.ApproveAllAsync(server)"] = (Permission.ManageGovernance, a => Get<ToolPinAdmin>().ApproveAllAsync(a, NoServer, Cancelled)),
        ["ToolPinAdmin.RejectAsync(server, choices)"] = (Permission.ManageGovernance, a => Get<ToolPinAdmin>().RejectAsync(a, NoServer, [new PinChoice("x", default)], Cancelled)),
        ["ToolPinAdmin.ForgetAsync(server, tools)"] = (Permission.ManageGovernance, a => Get<ToolPinAdmin>().ForgetAsync(a, NoServer, ["x"], Cancelled)),
        ["ToolPinAdmin.SetAsync(server, mode, reviewFirst)"] = (Permission.ManageGovernance, a => Get<ToolPinAdmin>().SetAsync(a, NoServer, PinMode.Alert, false, Cancelled)),
        ["ServerAdmin.CreateAsync(input)"] = (Permission.ManageServers, a => Get<ServerAdmin>().CreateAsync(a, new NewServer("", "", ""), Cancelled)),
        ["ServerAdmin.UpdateAsync(id, change)"] = (Permission.ManageServers, a => Get<ServerAdmin>().UpdateAsync(a, NoServer, new ServerChange(Name: "x"), Cancelled)),
        ["ServerAdmin.DeleteAsync(id)"] = (Permission.ManageServers, a => Get<ServerAdmin>().DeleteAsync(a, NoServer, Cancelled)),
        ["ServerAdmin.GetAsync(id)"] = (Permission.ViewResources, a => Get<ServerAdmin>().GetAsync(a, NoServer, Cancelled)),
        ["ServerAdmin.GetBySlugAsync(slug)"] = (Permission.ViewResources, a => Get<ServerAdmin>().GetBySlugAsync(a, "none", Cancelled)),
        ["ServerAdmin.ListAsync(after, size, tag)"] = (Permission.ViewResources, a => Get<ServerAdmin>().ListAsync(a, null, 1, null, Cancelled)),
        ["ServerAdmin.SummarizeAsync()"] = (Permission.ViewResources, a => Get<ServerAdmin>().SummarizeAsync(a, Cancelled)),
        ["ServerAdmin.ListTagsAsync()"] = (Permission.ViewResources, a => Get<ServerAdmin>().ListTagsAsync(a, Cancelled)),
        ["ServerAdmin.FindDependentsAsync(id)"] = (Permission.ManageServers, a => Get<ServerAdmin>().FindDependentsAsync(a, NoServer, Cancelled)),
        ["ConnectionTest.RunAsync(id)"] = (Permission.ManageServers, a => Get<ConnectionTest>().RunAsync(a, NoServer, Cancelled)),
        ["ConnectionTest.RunAsync(id, onStep)"] = (Permission.ManageServers, a => Get<ConnectionTest>().RunAsync(a, NoServer, null, Cancelled)),
        ["ConnectionTest.RunAsync(draft, onStep)"] = (Permission.ManageServers, a => Get<ConnectionTest>().RunAsync(a, new NewServer(null, null, "nowhere"), null, Cancelled)),
        ["EgressAdmin.GetAsync()"] = (Permission.ViewResources, a => Get<EgressAdmin>().GetAsync(a, Cancelled)),
        ["EgressAdmin.ReplaceAsync(hosts)"] = (Permission.ManageOrganization, a => Get<EgressAdmin>().ReplaceAsync(a, [], Cancelled)),
        ["TokenAdmin.CreateAsync(input)"] = (Permission.CallTools, a => Get<TokenAdmin>().CreateAsync(a, new NewToken(""), Cancelled)),
        ["TokenAdmin.ListAsync()"] = (Permission.ViewResources, a => Get<TokenAdmin>().ListAsync(a, Cancelled)),
        ["TokenAdmin.RevokeAsync(id)"] = (Permission.ViewResources, a => Get<TokenAdmin>().RevokeAsync(a, EntityId.New<TokenId>(TimeProvider.System), Cancelled)),
        ["TokenAdmin.RevokeAsync(selection)"] = (Permission.ViewResources, a => Get<TokenAdmin>().RevokeAsync(a, new TokenSelection.These([EntityId.New<TokenId>(TimeProvider.System)]), Cancelled)),
        ["EndpointNames.ListAsync()"] = (Permission.ViewResources, a => Get<EndpointNames>().ListAsync(a, Cancelled)),
        ["ServiceAccountAdmin.CreateAsync(input)"] = (Permission.ManageMembers, a => Get<ServiceAccountAdmin>().CreateAsync(a, new ServiceAccountInput(""), Cancelled)),
        ["ServiceAccountAdmin.UpdateAsync(id, input)"] = (Permission.ManageMembers, a => Get<ServiceAccountAdmin>().UpdateAsync(a, NoAccount, new ServiceAccountInput("x"), Cancelled)),
        ["ServiceAccountAdmin.DeleteAsync(id)"] = (Permission.ManageMembers, a => Get<ServiceAccountAdmin>().DeleteAsync(a, NoAccount, Cancelled)),
        ["ServiceAccountAdmin.ListAsync()"] = (Permission.ViewResources, a => Get<ServiceAccountAdmin>().ListAsync(a, Cancelled)),
        ["ServiceAccountAdmin.GetAsync(id)"] = (Permission.ViewResources, a => Get<ServiceAccountAdmin>().GetAsync(a, NoAccount, Cancelled)),
        ["ServiceAccountAdmin.AddSecretAsync(id, expiresInDays)"] = (Permission.ManageMembers, a => Get<ServiceAccountAdmin>().AddSecretAsync(a, NoAccount, 1, Cancelled)),
        ["ServiceAccountAdmin.RevokeSecretAsync(id, secret)"] = (Permission.ManageMembers, a => Get<ServiceAccountAdmin>().RevokeSecretAsync(a, NoAccount, EntityId.New<ServiceAccountSecretId>(TimeProvider.System), Cancelled)),
        ["GroupRoleAdmin.ListAsync()"] = (Permission.ManageOrganization, a => Get<GroupRoleAdmin>().ListAsync(a, Cancelled)),
        ["GroupRoleAdmin.ReplaceAsync(input)"] = (Permission.ManageOrganization, a => Get<GroupRoleAdmin>().ReplaceAsync(a, new NewGroupRoles([]), Cancelled)),
        ["KeyAdmin.GetAsync()"] = (Permission.ManageOrganization, a => Get<KeyAdmin>().GetAsync(a, Cancelled)),
        ["KeyAdmin.RotateAsync()"] = (Permission.ManageOrganization, a => Get<KeyAdmin>().RotateAsync(a, Cancelled)),
        ["OrganizationAdmin.GetAsync()"] = (Permission.ViewResources, a => Get<OrganizationAdmin>().GetAsync(a, Cancelled)),
        ["OrganizationAdmin.RenameAsync(name)"] = (Permission.ManageOrganization, a => Get<OrganizationAdmin>().RenameAsync(a, "", Cancelled)),
        ["OrganizationAdmin.DeleteAsync(typedName)"] = (Permission.ManageOrganization, a => Get<OrganizationAdmin>().DeleteAsync(a, "another", Cancelled)),
        ["MemberAdmin.ListAsync(after, size)"] = (Permission.ViewResources, a => Get<MemberAdmin>().ListAsync(a, null, 1, Cancelled)),
        ["MemberAdmin.ChangeRoleAsync(user, role)"] = (Permission.ManageRoles, a => Get<MemberAdmin>().ChangeRoleAsync(a, Nobody, Role.Owner, Cancelled)),
        ["MemberAdmin.RemoveAsync(user)"] = (Permission.ManageMembers, a => Get<MemberAdmin>().RemoveAsync(a, Nobody, Cancelled)),
        ["MemberAdmin.LeaveAsync()"] = (Permission.ViewResources, a => Get<MemberAdmin>().LeaveAsync(a with { Organization = EntityId.New<OrganizationId>(TimeProvider.System) }, Cancelled)),
        ["InvitationAdmin.ListAsync()"] = (Permission.ManageMembers, a => Get<InvitationAdmin>().ListAsync(a, Cancelled)),
        ["InvitationAdmin.InviteAsync(input)"] = (Permission.ManageMembers, a => Get<InvitationAdmin>().InviteAsync(a, new NewInvitation("nobody"), Cancelled)),
        ["InvitationAdmin.ResendAsync(id)"] = (Permission.ManageMembers, a => Get<InvitationAdmin>().ResendAsync(a, NoInvitation, Cancelled)),
        ["InvitationAdmin.RevokeAsync(id)"] = (Permission.ManageMembers, a => Get<InvitationAdmin>().RevokeAsync(a, NoInvitation, Cancelled)),
    };

    [Fact]
    public void Every_operation_that_takes_an_actor_is_in_the_table() => (
        from type in typeof(CoreSetup).Assembly.GetExportedTypes()
        from method in type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        let parameters = method.GetParameters()
        where parameters is [{ ParameterType: var first }, ..] && first == typeof(Actor) && !method.IsSpecialName && type != typeof(Actor)
        select $"{type.Name}.{method.Name}({string.Join(", ", parameters.Skip(1).Select(p => p.Name).Where(n => n != "cancellationToken"))})")
        .ShouldBe(Table.Keys, ignoreOrder: true);

    [Theory]
    [InlineData(Role.Owner)]
    [InlineData(Role.Admin)]
    [InlineData(Role.Member)]
    public async Task Each_role_is_let_in_where_the_table_says_and_refused_elsewhere(Role role)
    {
        Actor actor = (await Colleague.CreateAsync(gateway, role)).Actor;
        List<string> wrong = [];
        foreach ((string name, (Permission needed, Func<Actor, Task> act)) in Table)
        {
            string? refusal = await RefusalOfAsync(() => act(actor));
            if (refusal is null != role.Allows(needed)) wrong.Add($"{name} for {role}: {refusal ?? "let in"}");
        }

        wrong.ShouldBeEmpty();
    }

    /// <summary>Null when the actor was let in, whatever they met there.</summary>
    private static async Task<string?> RefusalOfAsync(Func<Task> act)
    {
        try
        {
            await act();
            return null;
        }
        catch (RefusalException.Forbidden e)
        {
            return e.Message;
        }
        catch (RefusalException)
        {
            return null;
        }
    }

    private static Task End(Func<IDisposable> begin)
    {
        begin().Dispose();
        return Task.CompletedTask;
    }

    private static Task Sync(Func<object?> ask)
    {
        ask();
        return Task.CompletedTask;
    }

    private static UpstreamServer Server(Actor actor) => new(NoServer, actor.Organization, "none", "none", "", new Uri("https://mcp.example.com/"),
        UpstreamServer.DefaultTimeoutSeconds, Enabled: true, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);

    private T Get<T>() where T : notnull => gateway.Services.GetRequiredService<T>();
}
