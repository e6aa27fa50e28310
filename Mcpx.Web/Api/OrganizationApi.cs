using Mcpx.Core.Egress;
using Mcpx.Core.Identity;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/organization</c>: the token's own. Making one is a person's act in the dashboard.</summary>
internal static class OrganizationApi
{
    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/organization", GetAsync);
        write.MapPatch("/organization", RenameAsync);
        write.MapDelete("/organization", DeleteAsync);
        read.MapGet("/organization/egress", GetEgressAsync);
        write.MapPut("/organization/egress", PutEgressAsync);
    }

    private static async Task<IResult> GetAsync(HttpContext http, OrganizationAdmin organizations) =>
        Results.Ok(OrganizationAnswer.From(await organizations.GetAsync(ActorResolver.FromToken(http), http.RequestAborted)));

    private static async Task<IResult> RenameAsync(HttpContext http, OrganizationAdmin organizations, OrganizationBody body) =>
        Results.Ok(OrganizationAnswer.From(await organizations.RenameAsync(ActorResolver.FromToken(http), body.Name, http.RequestAborted)));

    private static async Task<IResult> GetEgressAsync(HttpContext http, EgressAdmin egress) =>
        Results.Ok(new EgressAnswer((await egress.GetAsync(ActorResolver.FromToken(http), http.RequestAborted)).Patterns));

    private static async Task<IResult> PutEgressAsync(HttpContext http, EgressAdmin egress, EgressBody body) =>
        Results.Ok(new EgressAnswer((await egress.ReplaceAsync(ActorResolver.FromToken(http), body.Hosts, http.RequestAborted)).Patterns));

    /// <param name="name">The organisation's name, as a person types it: a script that deletes says which one it means.</param>
    private static async Task<IResult> DeleteAsync(HttpContext http, OrganizationAdmin organizations, string? name)
    {
        await organizations.DeleteAsync(ActorResolver.FromToken(http), name, http.RequestAborted);
        return Results.NoContent();
    }
}

internal sealed record OrganizationBody(string? Name = null);

internal sealed record EgressBody(IReadOnlyList<string> Hosts);

/// <param name="Hosts">Empty when every host is allowed that the installation allows.</param>
internal sealed record EgressAnswer(IReadOnlyList<string> Hosts);

internal sealed record OrganizationAnswer(string Id, string Slug, string Name, DateTimeOffset? CreatedAt)
{
    public static OrganizationAnswer From(OrganizationDetails details) =>
        new(details.Organization.Id.ToString(), details.Organization.Slug, details.Organization.Name, details.CreatedAt);
}
