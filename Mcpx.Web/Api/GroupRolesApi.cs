using Mcpx.Core.Identity;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/group-roles</c>: which groups of the identity provider give which role.</summary>
internal static class GroupRolesApi
{
    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/group-roles", ListAsync);
        write.MapPut("/group-roles", ReplaceAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext http, GroupRoleAdmin groups, IdentityProviders providers) =>
        Results.Ok(Answer(providers, await groups.ListAsync(ActorResolver.FromToken(http), http.RequestAborted)));

    private static async Task<IResult> ReplaceAsync(HttpContext http, GroupRoleAdmin groups, IdentityProviders providers, NewGroupRoles body) =>
        Results.Ok(Answer(providers, await groups.ReplaceAsync(ActorResolver.FromToken(http), body, http.RequestAborted)));

    private static object Answer(IdentityProviders providers, IReadOnlyList<GroupRole> items) => new { issuer = providers.WithGroups?.GroupsIssuer, items };
}
