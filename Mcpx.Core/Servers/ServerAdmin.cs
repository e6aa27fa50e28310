using Mcpx.Core.Credentials;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Servers;

/// <summary>The one door to an organisation's servers: rights, checks and change notification stand here once.</summary>
public sealed class ServerAdmin(IServerStore store, CredentialVault vault, ChangeFeed changes, TimeProvider time)
{
    public const int LargestPage = 200;

    /// <exception cref="RefusalException">Not allowed, wrong, or the slug is taken.</exception>
    public async Task<ServerDetails> CreateAsync(Actor actor, NewServer input, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageServers);
        CredentialInput credential = input.Credential ?? CredentialInput.None;
        InputCheck check = new();
        check.Name(input.Name, "name").Slug(input.Slug, "slug");
        CheckShared(check, input.Description, input.TimeoutSeconds);
        Uri? url = ServerUrl.Check(check, input.Url);
        credential.Check(check);
        check.ThrowIfWrong();

        DateTimeOffset now = Instant.Now(time);
        UpstreamServer server = new(EntityId.New<ServerId>(time), actor.Organization, input.Slug!, input.Name!.Trim(),
            input.Description?.Trim() ?? "", url!, input.TimeoutSeconds ?? UpstreamServer.DefaultTimeoutSeconds, input.Enabled ?? true, now, now);
        StoredCredential? stored = vault.Seal(actor.Organization, server.Id, credential);
        await store.AddAsync(server, stored, cancellationToken);
        await PublishAsync(actor);
        return new ServerDetails(server, stored);
    }

    /// <exception cref="RefusalException">Not allowed, wrong, not there, or the slug is taken.</exception>
    public async Task<ServerDetails> UpdateAsync(Actor actor, ServerId id, ServerChange change, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageServers);
        InputCheck check = new();
        if (change.Name is not null) check.Name(change.Name, "name");
        if (change.Slug is not null) check.Slug(change.Slug, "slug");
        CheckShared(check, change.Description, change.TimeoutSeconds);
        Uri? url = change.Url is null ? null : ServerUrl.Check(check, change.Url);
        change.Credential?.Check(check);
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
            UpdatedAt = Instant.Now(time),
        };
        RefuseCredentialTheft(before, server, change);
        StoredCredential? credential = change.Credential is null ? before.Credential : vault.Seal(actor.Organization, id, change.Credential);
        if (!await store.UpdateAsync(server, change.Credential is not null, credential, cancellationToken))
            throw new RefusalException.NotFound("server");
        await PublishAsync(actor);
        return new ServerDetails(server, credential);
    }

    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task DeleteAsync(Actor actor, ServerId id, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageServers);
        if (!await store.DeleteAsync(actor.Organization, id, cancellationToken))
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

    /// <exception cref="RefusalException">Not allowed.</exception>
    public Task<Page<ServerDetails>> ListAsync(Actor actor, string? after, int size, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return store.ListAsync(actor.Organization, after, Math.Clamp(size, 1, LargestPage), cancellationToken);
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

    private static void CheckShared(InputCheck check, string? description, int? timeoutSeconds) => check
        .Text(description, "description")
        .Require(description is null || description.Length <= 2000, "description", "Use at most 2,000 characters.")
        .Require(timeoutSeconds is null or >= 1 and <= UpstreamServer.LongestTimeoutSeconds, "timeoutSeconds",
            $"Use 1 to {UpstreamServer.LongestTimeoutSeconds} seconds.");

    private ValueTask PublishAsync(Actor actor) => changes.PublishAsync(new Change(ChangeKind.Configuration, actor.Organization.Value));
}
