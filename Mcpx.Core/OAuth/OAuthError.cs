namespace Mcpx.Core.OAuth;

/// <summary>A request to the OAuth door that is refused, in the words of RFC 6749, section 5.2, and RFC 8707, section 2.</summary>
/// <param name="Code">E.g. <c>invalid_client</c>.</param>
/// <param name="Description">For the developer who reads it; visible ASCII without quotes and backslashes.</param>
/// <param name="Status">The HTTP status.</param>
public sealed record OAuthError(string Code, string Description, int Status = 400)
{
    /// <summary>The same for an unknown client, a wrong secret, a forged assertion and an account that is switched off.</summary>
    public static OAuthError InvalidClient { get; } = new("invalid_client", "The client is unknown, switched off, or did not prove who it is.", 401);

    public static OAuthError Invalid(string description) => new("invalid_request", description);

    public static OAuthError InvalidScope(string description) => new("invalid_scope", description);

    public static OAuthError InvalidTarget(string description) => new("invalid_target", description);
}

/// <summary>A refusal on its way to the door that answers it.</summary>
public sealed class OAuthException(OAuthError error) : Exception(error.Description)
{
    public OAuthError Error { get; } = error;

    /// <summary>When it is worth to try again; null where waiting changes nothing.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
