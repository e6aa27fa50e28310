using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

public enum InvitationDelivery
{
    /// <summary>No mail server is configured: whoever invites hands the link over.</summary>
    Link,

    Mailed,

    /// <summary>The mail server did not take it: the link has to be handed over.</summary>
    Failed,
}

/// <summary>What an invitation's mail says.</summary>
public sealed record InvitationLetter(string To, string Organization, string? InvitedBy, Role Role, DateTimeOffset ExpiresAt, Secret Link);

/// <summary>Brings invitations to people, or leaves that to those who invite.</summary>
public interface IInvitationPost
{
    bool Mails { get; }

    Task<InvitationDelivery> SendAsync(InvitationLetter letter, CancellationToken cancellationToken);
}

/// <summary>Without a mail server.</summary>
public sealed class HandedOver : IInvitationPost
{
    public bool Mails => false;

    public Task<InvitationDelivery> SendAsync(InvitationLetter letter, CancellationToken cancellationToken) => Task.FromResult(InvitationDelivery.Link);
}

/// <summary>Where an invitation's link leads: our public address.</summary>
public sealed class InvitationLinks(string acceptAddress)
{
    public const string AcceptPath = "/invitations/accept";

    public Secret To(string code) => new($"{acceptAddress}?code={code}");
}
