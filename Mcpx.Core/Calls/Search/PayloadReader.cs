using Mcpx.Core.Identity;

namespace Mcpx.Core.Calls.Search;

/// <summary>Whose calls' payloads somebody may see: their own, or all with <see cref="Permission.SeePayloads"/>. Nobody's unless said otherwise.</summary>
public readonly record struct PayloadReader
{
    public bool SeesAll { get; private init; }

    /// <summary>The person or the service account whose own calls these are; null for nobody's.</summary>
    public Guid? Caller { get; private init; }

    /// <summary>For what an Owner has set up to see all.</summary>
    public static PayloadReader Everybody { get; } = new() { SeesAll = true };

    public static PayloadReader Of(Actor actor) => new() { SeesAll = actor.Role.Allows(Permission.SeePayloads), Caller = actor.Principal.Id };

    /// <summary>Who made a call, as one id.</summary>
    public static Guid? CallerOf(CallRecord call) => call.User?.Value ?? call.ServiceAccount?.Value;

    public bool MaySee(CallRecord call) => SeesAll || Caller is { } own && CallerOf(call) == own;

    /// <summary>The call, without what it carried unless the reader may see that.</summary>
    public CallRecord Reveal(CallRecord call) =>
        MaySee(call) ? call : call with { Request = null, Response = null, RequestDigest = null, ResponseDigest = null };
}

/// <summary>A word that is searched for.</summary>
/// <param name="Text">As <see cref="CallWords"/> spells words.</param>
/// <param name="IsBeginning">Words that begin so are found too.</param>
public readonly record struct SearchWord(string Text, bool IsBeginning);
