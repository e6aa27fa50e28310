using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Gateways;

/// <summary>The one door to an organisation's virtual gateways: rights, checks and change notification stand here once.</summary>
public sealed class GatewayAdmin(IGatewayStore store, IServerStore servers, ChangeFeed changes, TimeProvider time)
{
    public const int LargestPage = 200;
    public const int MostMembers = 200;

    /// <exception cref="RefusalException">Not allowed, wrong, or the slug is taken.</exception>
    public async Task<GatewayDetails> CreateAsync(Actor actor, NewGateway input, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageServers);
        IReadOnlyList<ServerSummary> known = await servers.SummarizeAsync(actor.Organization, cancellationToken);
        InputCheck check = new();
        check.Name(input.Name, "name").Slug(input.Slug, "slug");
        CheckShared(check, input.Description, input.FailureMode);
        IReadOnlyList<MemberInput?> members = input.Members ?? [];
        List<ServerId> memberServers = CheckMembers(check, members, known);
        check.ThrowIfWrong();

        DateTimeOffset now = Instant.Now(time);
        VirtualGateway gateway = new(EntityId.New<GatewayId>(time), actor.Organization, input.Slug!, input.Name!.Trim(),
            input.Description?.Trim() ?? "", input.FailureMode ?? FailureMode.Open, input.Enabled ?? true, ToMembers(members, memberServers), now, now);
        await store.AddAsync(gateway, ChangeBy(actor, AdminAction.GatewayCreate, gateway.Id), cancellationToken);
        await PublishAsync(actor);
        return Describe(gateway, known);
    }

    /// <exception cref="RefusalException">Not allowed, wrong, not there, the slug is taken, or changed since <see cref="GatewayChange.IfUpdatedAt"/>.</exception>
    public async Task<GatewayDetails> UpdateAsync(Actor actor, GatewayId id, GatewayChange change, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageServers);
        IReadOnlyList<ServerSummary> known = await servers.SummarizeAsync(actor.Organization, cancellationToken);
        InputCheck check = new();
        if (change.Name is not null) check.Name(change.Name, "name");
        if (change.Slug is not null) check.Slug(change.Slug, "slug");
        CheckShared(check, change.Description, change.FailureMode);
        List<ServerId> memberServers = change.Members is null ? [] : CheckMembers(check, change.Members, known);
        check.ThrowIfWrong();

        VirtualGateway before = await store.FindAsync(actor.Organization, id, cancellationToken) ?? throw new RefusalException.NotFound("gateway");
        VirtualGateway gateway = before with
        {
            Name = change.Name?.Trim() ?? before.Name,
            Slug = change.Slug ?? before.Slug,
            Description = change.Description?.Trim() ?? before.Description,
            FailureMode = change.FailureMode ?? before.FailureMode,
            Enabled = change.Enabled ?? before.Enabled,
            Members = change.Members is null ? before.Members : ToMembers(change.Members, memberServers),
            UpdatedAt = Instant.Now(time),
        };
        // Members that the change does not name are not written: whoever switches a gateway off must not undo its members.
        if (!await store.UpdateAsync(gateway, change.Members is not null, change.IfUpdatedAt?.ToUniversalTime(), ChangeBy(actor, AdminAction.GatewayUpdate, id), cancellationToken))
            throw new RefusalException.NotFound("gateway");
        await PublishAsync(actor);
        return Describe(gateway, known);
    }

    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task DeleteAsync(Actor actor, GatewayId id, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageServers);
        if (!await store.DeleteAsync(actor.Organization, id, ChangeBy(actor, AdminAction.GatewayDelete, id), cancellationToken))
            throw new RefusalException.NotFound("gateway");
        await PublishAsync(actor);
    }

    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task<GatewayDetails> GetAsync(Actor actor, GatewayId id, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return await DescribeAsync(actor, await store.FindAsync(actor.Organization, id, cancellationToken), cancellationToken);
    }

    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task<GatewayDetails> GetBySlugAsync(Actor actor, string slug, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return await DescribeAsync(actor, await store.FindBySlugAsync(actor.Organization, slug, cancellationToken), cancellationToken);
    }

    /// <exception cref="RefusalException">Not allowed.</exception>
    public async Task<Page<GatewayDetails>> ListAsync(Actor actor, string? after, int size, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        Page<VirtualGateway> page = await store.ListAsync(actor.Organization, after, Math.Clamp(size, 1, LargestPage), cancellationToken);
        IReadOnlyList<ServerSummary> known = await servers.SummarizeAsync(actor.Organization, cancellationToken);
        return new Page<GatewayDetails>([.. page.Items.Select(g => Describe(g, known))], page.Next);
    }

    private static void CheckShared(InputCheck check, string? description, FailureMode? failureMode) => check
        .Text(description, "description")
        .Require(description is null || description.Length <= 2000, "description", "Use at most 2,000 characters.")
        .Require(failureMode is null || Enum.IsDefined(failureMode.Value), "failureMode", "Use open or closed.");

    /// <returns>The members' servers, in order; as many as members unless something is wrong.</returns>
    private static List<ServerId> CheckMembers(InputCheck check, IReadOnlyList<MemberInput?> members, IReadOnlyList<ServerSummary> known)
    {
        check.Require(members.Count <= MostMembers, "members", $"Use at most {MostMembers} members.");
        if (members.Count > MostMembers) return [];

        Dictionary<string, ServerSummary> byName = known.ToDictionary(s => s.Slug, StringComparer.Ordinal);
        // An id wins over a slug that looks like one.
        foreach (ServerSummary server in known) byName[server.Id.ToString()] = server;
        List<ServerId> found = [];
        for (int i = 0; i < members.Count; i++)
        {
            MemberInput member = members[i] ?? new MemberInput();
            string field = $"members[{i}]";
            member.Check(check, field);
            // Another organisation's server is answered like one that is not there.
            if (!byName.TryGetValue(member.Server ?? member.ServerSlug ?? "", out ServerSummary? server))
                check.Require(false, $"{field}.server", "There is no such server: name it by its slug or its id.");
            else if (member.ServerSlug is not null && byName.GetValueOrDefault(member.ServerSlug)?.Id != server.Id)
                check.Require(false, $"{field}.serverSlug", "This is not the slug of that server: leave one of the two out.");
            else if (found.Contains(server.Id))
                check.Require(false, $"{field}.server", "This server is a member already.");
            else
                found.Add(server.Id);
            // Written back unread, a change of it would be lost without a word.
            if (server is not null && member.EffectivePrefix is { } held && held != (member.Prefix ?? server.ToolPrefix))
                check.Require(false, $"{field}.effectivePrefix", "This follows from the member's prefix and the server's: change “prefix”, or leave this out.");
        }

        return found;
    }

    private static GatewayMember[] ToMembers(IReadOnlyList<MemberInput?> members, IReadOnlyList<ServerId> servers) =>
        [.. members.Zip(servers, (member, server) => member!.ToMember(server))];

    private async Task<GatewayDetails> DescribeAsync(Actor actor, VirtualGateway? gateway, CancellationToken cancellationToken) =>
        gateway is null
            ? throw new RefusalException.NotFound("gateway")
            : Describe(gateway, await servers.SummarizeAsync(actor.Organization, cancellationToken));

    /// <summary>Without the members whose server was deleted between the two readings: they went with it.</summary>
    private static GatewayDetails Describe(VirtualGateway gateway, IReadOnlyList<ServerSummary> known)
    {
        Dictionary<ServerId, ServerSummary> byId = known.ToDictionary(s => s.Id);
        MemberDetails[] members = [.. gateway.Members.Where(m => byId.ContainsKey(m.Server)).Select(m => new MemberDetails(m, byId[m.Server]))];
        return new GatewayDetails(gateway with { Members = [.. members.Select(m => m.Member)] }, members);
    }

    private AdminChange ChangeBy(Actor actor, AdminAction action, GatewayId id) => AdminChange.By(actor, action, SubjectKinds.Gateway, id.Value, time);

    private ValueTask PublishAsync(Actor actor) => changes.PublishAsync(new Change(ChangeKind.Configuration, actor.Organization.Value));
}
