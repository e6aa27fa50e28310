using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Identity;

/// <summary>An organisation as it is asked for.</summary>
/// <param name="Slug">Stays for good: it stands in the address of every client.</param>
public sealed record NewOrganization(string? Name, string? Slug);

public sealed record OrganizationDetails(Organization Organization, DateTimeOffset? CreatedAt);

/// <summary>Whose rights ended with an organisation.</summary>
public sealed record EndedOrganization(IReadOnlyList<UserId> Members, IReadOnlyList<ServiceAccountId> ServiceAccounts);

public interface IOrganizationStore
{
    /// <summary>Makes the organisation with its first Owner.</summary>
    /// <param name="most">As many organisations a person may own.</param>
    /// <returns>Null when the user does not exist.</returns>
    /// <exception cref="RefusalException.Conflict">The slug is taken, or the person owns too many.</exception>
    Task<Membership?> AddAsync(Organization organization, UserId owner, int most, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken);

    Task<OrganizationDetails?> FindAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>False when it is not there.</summary>
    Task<bool> RenameAsync(OrganizationId organization, string name, AdminChange change, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes the organisation with everything that is its own, in one step. Its calls may be millions: they go in
    /// batches afterwards, by whichever replica is there.
    /// </summary>
    /// <param name="check">Gets the organisation and the actor's role at that moment; a refusal that it throws leaves everything.</param>
    /// <returns>Null when it is not there.</returns>
    Task<EndedOrganization?> DeleteAsync(OrganizationId organization, UserId? actor, Action<Organization, Role?> check, AdminChange change, CancellationToken cancellationToken);
}

/// <summary>The one door to organisations themselves.</summary>
public sealed partial class OrganizationAdmin(IOrganizationStore store, ChangeFeed changes, TimeProvider time, ILogger<OrganizationAdmin> logger)
{
    /// <summary>Slugs are names in addresses that all share: nobody may take them all.</summary>
    public const int MostPerOwner = 50;

    public const string SlugIsTaken = "Another organisation has this slug.";

    /// <summary>A person's act, not a token's: tokens belong to one organisation.</summary>
    /// <exception cref="RefusalException">The input is wrong, the slug is taken, or the person owns too many.</exception>
    public async Task<Membership> CreateAsync(SignedIn me, NewOrganization input, CancellationToken cancellationToken)
    {
        InputCheck check = new();
        CheckName(check, input.Name);
        check.Slug(input.Slug, "slug")
            .Require(input.Slug is null || !Organization.ReservedSlugs.Contains(input.Slug), "slug", "This word stands in addresses of the gateway itself: choose another one.")
            .ThrowIfWrong();
        // Its Owners run the installation: whoever made it anew after it was deleted would come to do so.
        if (string.Equals(input.Slug, OperatorOrganization.Slug, StringComparison.OrdinalIgnoreCase)) throw new RefusalException.Conflict("slug", SlugIsTaken);
        Organization organization = new(EntityId.New<OrganizationId>(time), input.Slug!, input.Name!.Trim());
        Membership first = await store.AddAsync(organization, me.User, MostPerOwner, Instant.Now(time),
                AdminChange.By(me, AdminAction.OrganizationCreate, SubjectKinds.Organization, organization.Id.Value, time), cancellationToken)
            ?? throw new RefusalException.Forbidden("Your account no longer exists.");
        await changes.PublishAsync(new Change(ChangeKind.Member, me.User.Value));
        await changes.PublishAsync(new Change(ChangeKind.Configuration, organization.Id.Value));
        LogCreated(logger, organization.Id, organization.Slug, me.User);
        return first;
    }

    /// <exception cref="RefusalException">Not allowed, or gone.</exception>
    public async Task<OrganizationDetails> GetAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return await store.FindAsync(actor.Organization, cancellationToken) ?? throw new RefusalException.NotFound("organisation");
    }

    /// <exception cref="RefusalException">Not allowed, wrong, or gone.</exception>
    public async Task<OrganizationDetails> RenameAsync(Actor actor, string? name, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        InputCheck check = new();
        CheckName(check, name);
        check.ThrowIfWrong();
        if (!await store.RenameAsync(actor.Organization, name!.Trim(), ChangeBy(actor, AdminAction.OrganizationUpdate), cancellationToken))
            throw new RefusalException.NotFound("organisation");
        await changes.PublishAsync(new Change(ChangeKind.Configuration, actor.Organization.Value));
        LogRenamed(logger, actor.Organization, actor.Name);
        return await GetAsync(actor, cancellationToken);
    }

    /// <param name="typedName">The organisation's name, typed: what is lost here can't be had back.</param>
    /// <exception cref="RefusalException">Not allowed, another name, or gone.</exception>
    public async Task DeleteAsync(Actor actor, string? typedName, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        EndedOrganization ended = await store.DeleteAsync(actor.Organization, actor.User, (organization, role) =>
        {
            if (actor.User is not null) (actor with { Role = role ?? Role.Member }).Demand(Permission.ManageOrganization);
            new InputCheck().Require(typedName?.Trim() == organization.Name, "name", $"Type “{organization.Name}” to delete it.").ThrowIfWrong();
        }, ChangeBy(actor, AdminAction.OrganizationDelete), cancellationToken) ?? throw new RefusalException.NotFound("organisation");
        foreach (UserId user in ended.Members)
            await changes.PublishAsync(new Change(ChangeKind.Member, user.Value));
        foreach (ServiceAccountId account in ended.ServiceAccounts)
            await changes.PublishAsync(new Change(ChangeKind.ServiceAccount, account.Value));
        await changes.PublishAsync(new Change(ChangeKind.Configuration, actor.Organization.Value));
        LogDeleted(logger, actor.Organization, ended.Members.Count, actor.Name);
    }

    private AdminChange ChangeBy(Actor actor, AdminAction action) => AdminChange.By(actor, action, SubjectKinds.Organization, actor.Organization.Value, time);

    private static void CheckName(InputCheck check, string? name) =>
        check.Name(name, "name").Require(name is null || !name.Trim().AsSpan().ContainsAny('\n', '\t'), "name", "Use one line.");

    [LoggerMessage(6092, LogLevel.Information, "Organisation {Organization} ({Slug}) was made by {User}.")]
    private static partial void LogCreated(ILogger logger, OrganizationId organization, string slug, UserId user);

    [LoggerMessage(6093, LogLevel.Information, "Organisation {Organization} was renamed by {Actor}.")]
    private static partial void LogRenamed(ILogger logger, OrganizationId organization, string actor);

    [LoggerMessage(6094, LogLevel.Warning, "Organisation {Organization} with {Members} members was deleted by {Actor}.")]
    private static partial void LogDeleted(ILogger logger, OrganizationId organization, int members, string actor);
}
