using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Web.Api;

/// <param name="Owner">A member's user id; the empty text for nobody.</param>
/// <param name="ToolPrefix">The empty text for none.</param>
internal sealed record ServerBody(
    string? Name = null,
    string? Slug = null,
    string? Url = null,
    string? Description = null,
    int? TimeoutSeconds = null,
    bool? Enabled = null,
    CredentialBody? Credential = null,
    LimitsInput? Limits = null,
    IReadOnlyList<string>? Tags = null,
    IReadOnlyList<ServerHeader>? Headers = null,
    string? Owner = null,
    string? ToolPrefix = null,
    bool? PropagateTrace = null)
{
    /// <exception cref="RefusalException.Invalid">The owner is no id.</exception>
    public NewServer ToNew() => new(Name, Slug, Url, Description, TimeoutSeconds, Credential?.ToInput(), Enabled, Limits)
        { Tags = Tags, Headers = Headers, Owner = OwnerInput(), ToolPrefix = ToolPrefix, PropagateTrace = PropagateTrace };

    /// <inheritdoc cref="ToNew"/>
    public ServerChange ToChange() => new(Name, Slug, Url, Description, TimeoutSeconds, Enabled, Credential?.ToInput(), Limits)
        { Tags = Tags, Headers = Headers, Owner = OwnerInput(), ToolPrefix = ToolPrefix, PropagateTrace = PropagateTrace };

    private OwnerInput? OwnerInput()
    {
        if (Owner is null) return null;
        if (Owner.Length == 0) return new OwnerInput(null);
        return EntityId.TryParse(Owner, out UserId user)
            ? new OwnerInput(user)
            : throw new RefusalException.Invalid([new FieldError("owner", "Use the id of a member, or an empty text for nobody.")]);
    }
}

/// <summary>The members behind the secret belong to client credentials alone.</summary>
internal sealed record CredentialBody(
    CredentialKind Kind, string? Header = null, string? Secret = null, string? ClientId = null, ClientMethod? Method = null, string? TokenUrl = null,
    string? Issuer = null, string? Scope = null, string? Resource = null, string? KeyId = null)
{
    public CredentialInput ToInput() => new(Kind, Header, Secret is null ? null : new Secret(Secret),
        Kind is CredentialKind.ClientCredentials ? new ClientInput(ClientId, Method ?? ClientMethod.ClientSecretBasic, TokenUrl, Issuer, Scope, Resource, KeyId) : null);

    // The generated one would print the secret wherever the body is logged.
    public override string ToString() => nameof(CredentialBody);
}
