using Mcpx.Core.Audit;
using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Servers;

/// <summary>The one door to an organisation's servers: rights, checks and change notification stand here once.</summary>
public sealed class ServerAdmin(IServerStore store, IEgressStore egress, CredentialVault vault, UpstreamProtocols protocols, ChangeFeed changes, TimeProvider time)
{
    public const int LargestPage = 200;

    /// <exception cref="RefusalException">Not allowed, wrong, or the slug is taken.</exception>
    public async Task<ServerDetails> CreateAsync(Actor actor, NewServer input, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageServers);
        CredentialInput credential = input.Credential ?? CredentialInput.None;
        InputCheck check = new();
        check.Name(input.Name, "name").Slug(input.Slug, "slug");
        CheckShared(check, input.Description, input.TimeoutSeconds, input.Limits, input.ToolPrefix);
        IReadOnlyList<string> tags = ServerTags.Check(check, input.Tags);
        Uri? url = ServerUrl.Check(check, input.Url);
        CheckCredential(check, credential);
        ServerHeader.Check(check, input.Headers, ServerHeader.Of(credential.Kind, credential.Header));
        await CheckHostsAsync(check, actor, url, credential, cancellationToken);
        check.ThrowIfWrong();

        DateTimeOffset now = Instant.Now(time);
        UpstreamServer server = new(EntityId.New<ServerId>(time), actor.Organization, input.Slug!, input.Name!.Trim(),
            input.Description?.Trim() ?? "", url!, input.TimeoutSeconds ?? UpstreamServer.DefaultTimeoutSeconds, input.Enabled ?? true, now, now)
        {
            Limits = (input.Limits ?? new LimitsInput()).Over(UpstreamLimits.Default),
            Tags = tags,
            Headers = Trimmed(input.Headers) ?? [],
            Owner = input.Owner?.User,
            ToolPrefix = input.ToolPrefix ?? "",
            PropagateTrace = input.PropagateTrace ?? false,
        };
        StoredCredential? stored = vault.Seal(actor.Organization, server.Id, credential);
        await store.AddAsync(server, stored, ChangeBy(actor, AdminAction.ServerCreate, server.Id), cancellationToken);
        await PublishAsync(actor);
        ProbeUnknown(server, stored);
        return server.Owner is null ? new ServerDetails(server, stored) : await GetAsync(actor, server.Id, cancellationToken);
    }

    /// <exception cref="RefusalException">Not allowed, wrong, not there, or the slug is taken.</exception>
    public async Task<ServerDetails> UpdateAsync(Actor actor, ServerId id, ServerChange change, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageServers);
        InputCheck check = new();
        if (change.Name is not null) check.Name(change.Name, "name");
        if (change.Slug is not null) check.Slug(change.Slug, "slug");
        CheckShared(check, change.Description, change.TimeoutSeconds, change.Limits, change.ToolPrefix);
        IReadOnlyList<string>? tags = change.Tags is null ? null : ServerTags.Check(check, change.Tags);
        Uri? url = change.Url is null ? null : ServerUrl.Check(check, change.Url);
        if (change.Credential is not null) CheckCredential(check, change.Credential);
        await CheckHostsAsync(check, actor, url, change.Credential, cancellationToken);
        check.ThrowIfWrong();

        ServerDetails before = await GetAsync(actor, id, cancellationToken);
        UpstreamServer server = before.Server with
        {
            Name = change.Name?.Trim() ?? before.Server.Name,
            Slug = change.Slug ?? before.Server.Slug,
            Url = url ?? before.Server.Url,
            Description = change.Description?.Trim() ?? before.Server.Description,
            TimeoutSeconds = change.TimeoutSeconds ?? before.Server.TimeoutSeconds,
            Enabled = change.Enabled ?? before.Server.Enabled,
            Limits = change.Limits?.Over(before.Server.Limits) ?? before.Server.Limits,
            Tags = tags ?? before.Server.Tags,
            Headers = Trimmed(change.Headers) ?? before.Server.Headers,
            Owner = change.Owner is null ? before.Server.Owner : change.Owner.User,
            ToolPrefix = change.ToolPrefix ?? before.Server.ToolPrefix,
            PropagateTrace = change.PropagateTrace ?? before.Server.PropagateTrace,
            // Another address or credential may meet another server; the store says the same.
            Protocol = (url is null || url == before.Server.Url) && change.Credential is null ? before.Server.Protocol : null,
            UpdatedAt = Instant.Now(time),
        };
        RefuseCredentialTheft(before, server, change);
        // As a whole: an extra header of before may be the new credential's.
        ServerHeader.Check(check, server.Headers, change.Credential is { } entered ? ServerHeader.Of(entered.Kind, entered.Header) : ServerHeader.Of(before.Credential?.Kind, before.Credential?.Header));
        check.ThrowIfWrong();
        StoredCredential? credential = change.Credential is null ? before.Credential : vault.Seal(actor.Organization, id, change.Credential);
        if (!await store.UpdateAsync(server, change.Credential is not null, credential, ChangeBy(actor, AdminAction.ServerUpdate, id), cancellationToken))
            throw new RefusalException.NotFound("server");
        await PublishAsync(actor);
        ProbeUnknown(server, credential);
        return server.Owner == before.Server.Owner
            ? new ServerDetails(server, credential) { OwnerName = before.OwnerName }
            : await GetAsync(actor, id, cancellationToken);
    }

    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task DeleteAsync(Actor actor, ServerId id, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageServers);
        if (!await store.DeleteAsync(actor.Organization, id, ChangeBy(actor, AdminAction.ServerDelete, id), cancellationToken))
            throw new RefusalException.NotFound("server");
        await PublishAsync(actor);
    }

    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task<ServerDetails> GetAsync(Actor actor, ServerId id, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return await store.FindAsync(actor.Organization, id, cancellationToken) ?? throw new RefusalException.NotFound("server");
    }

    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task<ServerDetails> GetBySlugAsync(Actor actor, string slug, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return await store.FindBySlugAsync(actor.Organization, slug, cancellationToken) ?? throw new RefusalException.NotFound("server");
    }

    /// <param name="tag">Only servers with it; null or empty for all.</param>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public Task<Page<ServerDetails>> ListAsync(Actor actor, string? after, int size, string? tag, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return store.ListAsync(actor.Organization, after, Math.Clamp(size, 1, LargestPage), string.IsNullOrWhiteSpace(tag) ? null : tag.Trim(), cancellationToken);
    }

    /// <summary>Every tag that is in use, by name.</summary>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public Task<IReadOnlyList<string>> ListTagsAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return store.ListTagsAsync(actor.Organization, cancellationToken);
    }

    /// <summary>What would miss the server if it were deleted. Names of other people's tokens are among it.</summary>
    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task<ServerDependents> FindDependentsAsync(Actor actor, ServerId id, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageServers);
        return await store.FindDependentsAsync(actor.Organization, id, time.GetUtcNow(), cancellationToken) ?? throw new RefusalException.NotFound("server");
    }

    /// <exception cref="RefusalException">Not allowed.</exception>
    public Task<IReadOnlyList<ServerSummary>> SummarizeAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return store.SummarizeAsync(actor.Organization, cancellationToken);
    }

    /// <summary>
    /// A secret goes only where it was entered for. Otherwise an administrator who can't read a credential could point
    /// the server at a host of their own and receive it.
    /// </summary>
    private static void RefuseCredentialTheft(ServerDetails before, UpstreamServer after, ServerChange change)
    {
        bool moved = before.Server.Url.GetLeftPart(UriPartial.Authority) != after.Url.GetLeftPart(UriPartial.Authority);
        if (moved && before.Credential is not null && change.Credential is null)
        {
            throw new RefusalException.Invalid([new FieldError("credential",
                "The address points to another host: enter the credential again, or remove it.")]);
        }
    }

    private static void CheckCredential(InputCheck check, CredentialInput credential)
    {
        credential.Check(check);
        // A test may be run without: it finds the issuer. The record needs it, so that the secret goes nowhere else.
        check.Require(credential.Kind is not CredentialKind.ClientCredentials || credential.Client?.NamesNoAuthorizationServer is false, "credential.issuer",
            "Enter the issuer of the authorization server, or its token URL. “Test connection” finds the issuer that the server names.");
    }

    /// <summary>The organisation's list is asked when something is saved, so that people learn of it here, and at each connect.</summary>
    private async Task CheckHostsAsync(InputCheck check, Actor actor, Uri? url, CredentialInput? credential, CancellationToken cancellationToken)
    {
        HostRules rules = await egress.FindAsync(actor.Organization, cancellationToken) ?? throw new RefusalException.NotFound("organisation");
        foreach ((Uri? address, string field) in new[] { (url, "url"), (AddressOf(credential?.Client?.TokenUrl), "credential.tokenUrl"), (AddressOf(credential?.Client?.Issuer), "credential.issuer") })
            check.Require(address is null || rules.Allows(address.IdnHost), field, $"“{address?.IdnHost}” is not on the organisation's list of allowed hosts.");
    }

    private static Uri? AddressOf(string? text) => Uri.TryCreate(text?.Trim(), UriKind.Absolute, out Uri? address) ? address : null;

    private static IReadOnlyList<ServerHeader>? Trimmed(IReadOnlyList<ServerHeader>? headers) => headers is null ? null : [.. headers.Select(h => h with { Name = h.Name.Trim() })];

    private static void CheckShared(InputCheck check, string? description, int? timeoutSeconds, LimitsInput? limits, string? toolPrefix)
    {
        limits?.Check(check);
        ToolPrefix.Check(check, toolPrefix ?? "", "toolPrefix");
        check.Text(description, "description")
            .Require(description is null || description.Length <= 2000, "description", "Use at most 2,000 characters.")
            .Require(timeoutSeconds is null or >= 1 and <= UpstreamServer.LongestTimeoutSeconds, "timeoutSeconds",
                $"Use 1 to {UpstreamServer.LongestTimeoutSeconds} seconds.");
    }

    /// <summary>Beside the save: a server that is down delays nothing. One that is switched off is left alone.</summary>
    private void ProbeUnknown(UpstreamServer server, StoredCredential? credential)
    {
        if (server is { Protocol: null, Enabled: true }) protocols.Probe(server, credential);
    }

    private AdminChange ChangeBy(Actor actor, AdminAction action, ServerId id) => AdminChange.By(actor, action, SubjectKinds.Server, id.Value, time);

    private ValueTask PublishAsync(Actor actor) => changes.PublishAsync(new Change(ChangeKind.Configuration, actor.Organization.Value));
}
