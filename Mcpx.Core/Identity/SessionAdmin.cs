using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

/// <summary>
/// The one door to dashboard sessions. They belong to a person and to no organisation, so no role has a say in them:
/// everybody ends their own, and nobody another's. To put somebody out, an administrator removes the membership.
/// </summary>
public sealed class SessionAdmin(ISessionStore store, ChangeFeed changes, TimeProvider time)
{
    /// <summary>The header is the browser's to write; what is longer than this is no browser's name.</summary>
    private const int LongestClient = 400;

    /// <summary>The provider of a session that a one-time link began.</summary>
    public const string Link = "link";

    /// <summary>A new session with an id of its own: nothing that a browser brought along becomes one (session fixation).</summary>
    /// <param name="client">The browser, as it calls itself.</param>
    /// <param name="address">Where it came from.</param>
    public async Task<UserSession> BeginAsync(UserId user, string provider, string client, string address, CancellationToken cancellationToken)
    {
        DateTimeOffset now = Instant.Now(time);
        UserSession session = new(EntityId.New<SessionId>(time), user, provider, client[..Math.Min(client.Length, LongestClient)], address, now, now, now + UserSession.LongestLife, RevokedAt: null);
        UsedCredential by = new(provider == Link ? UsedCredentialKind.SignInLink : UsedCredentialKind.Provider, Name: provider);
        await store.AddAsync(session, AdminChange.By(user, RequestOrigin.Of(by, address, client), AdminAction.SessionSignIn, SubjectKinds.Session, session.Id.Value, time), cancellationToken);
        return session;
    }

    /// <summary>The person's live sessions, last seen first.</summary>
    public Task<IReadOnlyList<UserSession>> ListAsync(SignedIn me, CancellationToken cancellationToken) =>
        store.ListAsync(me.User, time.GetUtcNow(), cancellationToken);

    /// <summary>Also what signing out does: a copy of its cookie opens nothing from then on.</summary>
    /// <exception cref="RefusalException.NotFound">The person has no such session.</exception>
    public async Task RevokeAsync(SignedIn me, SessionId session, CancellationToken cancellationToken)
    {
        AdminAction action = session == me.Session ? AdminAction.SessionSignOut : AdminAction.SessionRevoke;
        if (!await store.RevokeAsync(me.User, session, Instant.Now(time), AdminChange.By(me, action, SubjectKinds.Session, session.Value, time), cancellationToken))
            throw new RefusalException.NotFound("session");
        await changes.PublishAsync(new Change(ChangeKind.Session, session.Value));
    }

    /// <summary>Signs the person out everywhere else, and says in how many places.</summary>
    public async Task<int> RevokeOthersAsync(SignedIn me, CancellationToken cancellationToken)
    {
        IReadOnlyList<SessionId> ended = await store.RevokeOthersAsync(
            me.User, me.Session, Instant.Now(time), AdminChange.By(me, AdminAction.SessionRevoke, SubjectKinds.Session, subject: null, time), cancellationToken);
        foreach (SessionId session in ended)
            await changes.PublishAsync(new Change(ChangeKind.Session, session.Value));
        return ended.Count;
    }
}
