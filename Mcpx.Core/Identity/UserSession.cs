using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

/// <summary>A person in one browser, as a cookie names them. Whether that still holds is the <see cref="SessionDirectory"/>'s to say.</summary>
/// <param name="Origin">Where the present request came from, or the connection of the open page.</param>
public sealed record SignedIn(UserId User, SessionId Session, RequestOrigin Origin);

/// <summary>A person's sign-in to the dashboard in one browser. It says who somebody is, never what they may do.</summary>
/// <param name="Provider">How they signed in: a provider's name, or <c>link</c>.</param>
/// <param name="Client">The browser, as it calls itself.</param>
/// <param name="Address">Where it came from, as the connection says.</param>
/// <param name="LastSeenAt">Of the last request or action; a minute or two late.</param>
/// <param name="ExpiresAt">The end, however busy the session is.</param>
public sealed record UserSession(
    SessionId Id,
    UserId User,
    string Provider,
    string Client,
    string Address,
    DateTimeOffset CreatedAt,
    DateTimeOffset LastSeenAt,
    DateTimeOffset ExpiresAt,
    DateTimeOffset? RevokedAt)
{
    /// <summary>A browser that somebody walked away from is not signed in for ever.</summary>
    public static TimeSpan LongestIdle { get; } = TimeSpan.FromHours(8);

    /// <summary>A cookie that was copied is worth something for a week at most, whoever keeps using it.</summary>
    public static TimeSpan LongestLife { get; } = TimeSpan.FromDays(7);

    /// <summary>When it ends if nobody uses it any more.</summary>
    public DateTimeOffset EndsAt => EndOf(LastSeenAt);

    public bool IsLive(DateTimeOffset now) => IsLive(now, LastSeenAt);

    /// <param name="lastSeen">For who knows of a later use than the database does yet.</param>
    public bool IsLive(DateTimeOffset now, DateTimeOffset lastSeen) => RevokedAt is null && now < EndOf(lastSeen);

    private DateTimeOffset EndOf(DateTimeOffset lastSeen) => lastSeen + LongestIdle < ExpiresAt ? lastSeen + LongestIdle : ExpiresAt;
}

public interface ISessionStore
{
    Task AddAsync(UserSession session, AdminChange change, CancellationToken cancellationToken);

    /// <summary>The session, ended ones included; null when there is none.</summary>
    Task<UserSession?> FindAsync(SessionId session, CancellationToken cancellationToken);

    /// <summary>A person's sessions that are live at <paramref name="now"/>, last seen first.</summary>
    Task<IReadOnlyList<UserSession>> ListAsync(UserId user, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>False when the person has no such session. Revoking twice keeps the first instant.</summary>
    Task<bool> RevokeAsync(UserId user, SessionId session, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken);

    /// <summary>Ends all of a person's sessions but one, and returns those that it ended.</summary>
    Task<IReadOnlyList<SessionId>> RevokeOthersAsync(UserId user, SessionId kept, DateTimeOffset at, AdminChange change, CancellationToken cancellationToken);

    /// <summary>Moves last-seen forward, never back.</summary>
    Task TouchAsync(IReadOnlyDictionary<SessionId, DateTimeOffset> lastSeen, CancellationToken cancellationToken);
}
