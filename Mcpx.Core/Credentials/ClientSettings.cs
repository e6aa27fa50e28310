using Mcpx.Core.Primitives;

namespace Mcpx.Core.Credentials;

/// <summary>How the gateway proves to an authorization server who it is. The numbers are stored.</summary>
public enum ClientMethod
{
    /// <summary>RFC 6749, section 2.3.1, in the Authorization header.</summary>
    ClientSecretBasic,

    /// <summary>RFC 6749, section 2.3.1, in the form.</summary>
    ClientSecretPost,

    /// <summary>RFC 7523, section 2.2: the secret is a private key as PEM.</summary>
    PrivateKeyJwt,
}

/// <summary>What is readable of client credentials: where tokens come from, and what is asked for there.</summary>
/// <param name="TokenUrl">Null when it is found by the issuer's metadata.</param>
/// <param name="Issuer">The authorization server that the secret was entered for; null when there is a token URL.</param>
/// <param name="Scope">Words between blanks (RFC 6749, section 3.3); null asks for none.</param>
/// <param name="Resource">RFC 8707; null for the server's own address, <see cref="NoResource"/> to ask for none.</param>
/// <param name="KeyId">The <c>kid</c> of assertions; null for none.</param>
public sealed record ClientSettings(string ClientId, ClientMethod Method, string? TokenUrl, string? Issuer, string? Scope, string? Resource, string? KeyId)
{
    /// <summary>Some authorization servers refuse a parameter that they don't know.</summary>
    public const string NoResource = "none";
}

/// <summary>The same as forms and REST bring it, before it is checked.</summary>
public sealed record ClientInput(
    string? ClientId = null, ClientMethod Method = ClientMethod.ClientSecretBasic, string? TokenUrl = null, string? Issuer = null,
    string? Scope = null, string? Resource = null, string? KeyId = null)
{
    private const int Longest = 2048;
    private const int LongestId = 512;

    /// <summary>What a connection test says of an input that names neither.</summary>
    public bool NamesNoAuthorizationServer => string.IsNullOrWhiteSpace(TokenUrl) && string.IsNullOrWhiteSpace(Issuer);

    /// <summary>Adds what is wrong to <paramref name="check"/>, under the names <c>credential.…</c>.</summary>
    public void Check(InputCheck check)
    {
        check.Require(!string.IsNullOrWhiteSpace(ClientId), "credential.clientId", "A client id is required.")
            .Require(IsVisible(ClientId, LongestId), "credential.clientId", $"Use visible ASCII characters, at most {LongestId}.")
            .Require(IsVisible(Scope, Longest), "credential.scope", "Scopes are words of visible ASCII characters, with blanks between them.")
            .Require(IsVisible(KeyId, LongestId), "credential.keyId", $"Use visible ASCII characters, at most {LongestId}.")
            // RFC 8707, section 2: absolute, without a fragment.
            .Require(string.IsNullOrWhiteSpace(Resource) || Resource.Trim() == ClientSettings.NoResource
                || Resource.Length <= Longest && Uri.TryCreate(Resource.Trim(), UriKind.Absolute, out Uri? resource) && resource.Fragment.Length == 0,
                "credential.resource", $"Use an absolute address, “{ClientSettings.NoResource}”, or leave it empty for the server's own.")
            .Require(string.IsNullOrWhiteSpace(TokenUrl) || string.IsNullOrWhiteSpace(Issuer), "credential.issuer",
                "Use either the token URL or the issuer: with an issuer, the token URL is found.");
        OutboundUrl.Check(check, TokenUrl, "credential.tokenUrl");
        OutboundUrl.Check(check, Issuer, "credential.issuer");
    }

    public ClientSettings ToSettings() => new(ClientId!.Trim(), Method, Trimmed(TokenUrl), Trimmed(Issuer), Scopes(), Trimmed(Resource), Trimmed(KeyId));

    private string? Scopes() => Trimmed(Scope) is { } scope ? string.Join(' ', scope.Split(' ', StringSplitOptions.RemoveEmptyEntries)) : null;

    private static bool IsVisible(string? text, int longest) => text is null || text.Length <= longest && !text.AsSpan().Trim().ContainsAnyExceptInRange(' ', '~');

    private static string? Trimmed(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
