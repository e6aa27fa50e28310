namespace Mcpx.Core.Audit;

/// <summary>What somebody was let in by. The numbers are stored: never reuse one.</summary>
public enum UsedCredentialKind
{
    /// <summary>None: whoever it was has shown nothing that holds.</summary>
    None = 0,

    /// <summary>A dashboard session; the id is the session's.</summary>
    Session = 1,

    /// <summary>A personal access token.</summary>
    Token = 2,

    /// <summary>An access token that a service account got; its id is in the actor.</summary>
    AccessToken = 3,

    /// <summary>A one-time link.</summary>
    SignInLink = 4,

    /// <summary>An identity provider vouched for them; the name is the provider's.</summary>
    Provider = 5,

    /// <summary>The installation itself, e.g. at start-up.</summary>
    Installation = 6,
}

/// <summary>The credential behind a request. Nothing of the credential itself is in it.</summary>
/// <param name="Name">As people named it, or the provider's.</param>
public sealed record UsedCredential(UsedCredentialKind Kind, Guid? Id = null, string? Name = null)
{
    public static UsedCredential None { get; } = new(UsedCredentialKind.None);
}

/// <summary>By which credential and from where a request came. Each door says it of its requests, once.</summary>
/// <param name="Address">The remote address as the connection says; null for work without a connection.</param>
/// <param name="UserAgent">The client as it calls itself, shortened; null when it says nothing.</param>
public sealed record RequestOrigin(UsedCredential Credential, string? Address, string? UserAgent)
{
    /// <summary>The header is the client's to write; more than this tells nobody more.</summary>
    public const int LongestUserAgent = 200;

    private const int LongestAddress = 64;

    /// <summary>For requests.</summary>
    public static RequestOrigin Of(UsedCredential credential, string? address, string? userAgent) =>
        new(credential, Shortened(address, LongestAddress), Shortened(userAgent, LongestUserAgent));

    /// <summary>For what the installation does by itself.</summary>
    /// <param name="occasion">E.g. <c>start-up</c>.</param>
    public static RequestOrigin Installation(string occasion) => new(new UsedCredential(UsedCredentialKind.Installation, Name: occasion), null, null);

    /// <summary>Without control characters, which would forge lines where it is shown.</summary>
    private static string? Shortened(string? text, int longest)
    {
        string clean = string.Concat((text ?? "").Where(c => !char.IsControl(c))).Trim();
        if (clean.Length > longest) clean = clean[..(char.IsHighSurrogate(clean[longest - 1]) ? longest - 1 : longest)];
        return clean.Length == 0 ? null : clean;
    }
}
