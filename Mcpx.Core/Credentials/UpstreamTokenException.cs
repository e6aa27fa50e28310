namespace Mcpx.Core.Credentials;

/// <summary>Why an upstream's access token could not be had.</summary>
public enum TokenFailure
{
    /// <summary>The authorization server, or the metadata that leads to it, could not be asked.</summary>
    Unreachable,

    /// <summary>It was asked and gives no token.</summary>
    Refused,

    /// <summary>
    /// The server names another authorization server than the one on the record. Whoever took the server over would like
    /// to have the secret sent to theirs.
    /// </summary>
    IssuerDiffers,
}

/// <summary>An upstream's access token could not be had.</summary>
/// <param name="message">A sentence for administrators: what failed and what to do; no secret, and nothing long of what was answered.</param>
public sealed class UpstreamTokenException(TokenFailure failure, string message, Exception? innerException = null) : Exception(message, innerException)
{
    public TokenFailure Failure { get; } = failure;

    /// <summary>The same for another caller: an exception that several throw gathers their stacks.</summary>
    internal UpstreamTokenException Again() => new(Failure, Message, this);

    /// <summary>For those who call the server.</summary>
    public string Sentence(string slug) => Failure is TokenFailure.IssuerDiffers
        ? $"The server “{slug}” names another authorization server than the one on record; calls stop until an administrator has looked."
        : $"The gateway gets no access token for the server “{slug}”; an administrator has to look.";
}
