using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/members</c>.</summary>
internal static class MembersApi
{
    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/members", ListAsync);
        write.MapPatch("/members/{userId}", ChangeRoleAsync);
        write.MapDelete("/members/{userId}", RemoveAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext http, MemberAdmin members, string? after, int? size)
    {
        Page<Member> page = await members.ListAsync(ActorResolver.FromToken(http), after, size ?? MemberAdmin.LargestPage, http.RequestAborted);
        return Results.Ok(new { items = page.Items.Select(MemberInfo.From), next = page.Next });
    }

    private static async Task<IResult> ChangeRoleAsync(HttpContext http, MemberAdmin members, string userId, RoleBody body) =>
        Results.Ok(MemberInfo.From(await members.ChangeRoleAsync(ActorResolver.FromToken(http), Id(userId), body.Role, http.RequestAborted)));

    private static async Task<IResult> RemoveAsync(HttpContext http, MemberAdmin members, string userId)
    {
        await members.RemoveAsync(ActorResolver.FromToken(http), Id(userId), http.RequestAborted);
        return Results.NoContent();
    }

    private static UserId Id(string text) => ApiInput.Id<UserId>(text, "member");
}

internal sealed record RoleBody(Role Role);

internal sealed record MemberInfo(string User, string Name, string? Email, Role Role, DateTimeOffset JoinedAt, bool FromGroups)
{
    public static MemberInfo From(Member member) =>
        new(member.User.Id.ToString(), member.User.Name, member.User.Email, member.Role, member.JoinedAt, member.FromGroups);
}
