using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

/// <summary>A provider's group whose people are members of an organisation.</summary>
/// <param name="Group">As the provider's group claim spells it.</param>
public sealed record GroupRole(string Group, Role Role);

/// <summary>The whole list of an organisation, as it is asked for.</summary>
public sealed record NewGroupRoles(IReadOnlyList<GroupRole> Items);

public interface IGroupRoleStore
{
    /// <summary>By group.</summary>
    Task<IReadOnlyList<GroupRole>> ListAsync(OrganizationId organization, string issuer, CancellationToken cancellationToken);

    Task ReplaceAsync(OrganizationId organization, string issuer, IReadOnlyList<GroupRole> roles, AdminChange change, CancellationToken cancellationToken);
}

/// <summary>The one door to an organisation's groups. What they give is applied at each sign-in, see <see cref="Accounts"/>.</summary>
public sealed class GroupRoleAdmin(IGroupRoleStore store, IdentityProviders providers, TimeProvider time)
{
    public const int MostGroups = 200;
    public const int LongestGroup = 256;

    /// <summary>Empty where no provider has groups.</summary>
    public async Task<IReadOnlyList<GroupRole>> ListAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        return providers.WithGroups is { } provider ? await store.ListAsync(actor.Organization, provider.GroupsIssuer!, cancellationToken) : [];
    }

    /// <exception cref="RefusalException.Invalid">The input breaks rules.</exception>
    /// <exception cref="RefusalException.Conflict">No provider with groups is configured.</exception>
    public async Task<IReadOnlyList<GroupRole>> ReplaceAsync(Actor actor, NewGroupRoles input, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        string issuer = providers.WithGroups?.GroupsIssuer
            ?? throw new RefusalException.Conflict("items", "No provider with groups is configured: an operator has to set OIDC_CLIENT_ID.");
        InputCheck check = new InputCheck().Require(input.Items.Count <= MostGroups, "items", $"Use at most {MostGroups} groups.");
        HashSet<string> seen = new(StringComparer.Ordinal);
        for (int i = 0; i < Math.Min(input.Items.Count, MostGroups); i++)
        {
            GroupRole item = input.Items[i];
            check.Name(item.Group, $"items[{i}].group", LongestGroup)
                .Require(seen.Add(item.Group ?? ""), $"items[{i}].group", "Each group stands once.")
                .Require(Enum.IsDefined(item.Role), $"items[{i}].role", "Use owner, admin or member.");
        }

        check.ThrowIfWrong();
        await store.ReplaceAsync(actor.Organization, issuer, input.Items,
            AdminChange.By(actor, AdminAction.GroupRolesReplace, SubjectKinds.Organization, actor.Organization.Value, time), cancellationToken);
        return await store.ListAsync(actor.Organization, issuer, cancellationToken);
    }
}
