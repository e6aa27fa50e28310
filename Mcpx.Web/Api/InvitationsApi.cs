using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/invitations</c>. Accepting one is a person's act: it takes an account, not a token.</summary>
internal static class InvitationsApi
{
    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/invitations", ListAsync);
        write.MapPost("/invitations", InviteAsync);
        write.MapPost("/invitations/{id}/resend", ResendAsync);
        write.MapDelete("/invitations/{id}", RevokeAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext http, InvitationAdmin invitations, TimeProvider time)
    {
        IReadOnlyList<Invitation> all = await invitations.ListAsync(ActorResolver.FromToken(http), http.RequestAborted);
        return Results.Ok(new { items = all.Select(i => InvitationAnswer.From(i, time.GetUtcNow())), next = (string?)null });
    }

    private static async Task<IResult> InviteAsync(HttpContext http, InvitationAdmin invitations, TimeProvider time, InvitationBody body)
    {
        IssuedInvitation issued = await invitations.InviteAsync(ActorResolver.FromToken(http), new NewInvitation(body.Email, body.Role), http.RequestAborted);
        return Results.Json(Issued(http, issued, time), statusCode: StatusCodes.Status201Created);
    }

    private static async Task<IResult> ResendAsync(HttpContext http, InvitationAdmin invitations, TimeProvider time, string id) =>
        Results.Ok(Issued(http, await invitations.ResendAsync(ActorResolver.FromToken(http), Id(id), http.RequestAborted), time));

    private static async Task<IResult> RevokeAsync(HttpContext http, InvitationAdmin invitations, string id)
    {
        await invitations.RevokeAsync(ActorResolver.FromToken(http), Id(id), http.RequestAborted);
        return Results.NoContent();
    }

    /// <summary>The one answer that carries the link; it must not stay in a cache.</summary>
    private static InvitationAnswer Issued(HttpContext http, IssuedInvitation issued, TimeProvider time)
    {
        http.Response.Headers.CacheControl = "no-store";
        return InvitationAnswer.From(issued.Invitation, time.GetUtcNow()) with
        {
            Delivery = issued.Delivery,
            Link = issued.Delivery is InvitationDelivery.Mailed ? null : issued.Link.Reveal(),
        };
    }

    private static InvitationId Id(string text) => ApiInput.Id<InvitationId>(text, "invitation");
}

internal sealed record InvitationBody(string? Email = null, Role Role = Role.Member);

/// <param name="Delivery">In the answer to inviting and sending again.</param>
/// <param name="Link">There too, when no mail carries it.</param>
internal sealed record InvitationAnswer(
    string Id, string Email, Role Role, InvitationState State, string? InvitedBy,
    DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? SentAt, InvitationDelivery? Delivery = null, string? Link = null)
{
    public static InvitationAnswer From(Invitation i, DateTimeOffset now) =>
        new(i.Id.ToString(), i.Email, i.Role, i.StateAt(now), i.InvitedBy?.Name, i.CreatedAt, i.ExpiresAt, i.SentAt);

    public override string ToString() => nameof(InvitationAnswer);
}
