using System.Text;
using Mcpx.Core.OAuth;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Primitives;

namespace Mcpx.Web.OAuth;

/// <summary>Finds in a token request how the client proves who it is: in one way, and not in two (RFC 6749, section 2.3).</summary>
internal static class ClientProofReader
{
    public const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    private const string Basic = "Basic ";
    private const int LongestId = 200;

    /// <exception cref="OAuthException">There is none, more than one, or one that can't be read.</exception>
    public static ClientProof Read(StringValues authorization, TokenForm form)
    {
        string? secret = form["client_secret"], assertion = form["client_assertion"];
        int ways = (authorization.Count > 0 ? 1 : 0) + (secret is null ? 0 : 1) + (assertion is null && form["client_assertion_type"] is null ? 0 : 1);
        if (ways > 1) throw new OAuthException(OAuthError.Invalid("Prove who you are in one way: by header, by client_secret or by client_assertion."));
        if (ways == 0) throw new OAuthException(OAuthError.InvalidClient);
        ClientProof proof = authorization.Count > 0 ? FromHeader(authorization)
            : secret is not null ? new ClientProof.BySecret(form["client_id"] ?? throw new OAuthException(OAuthError.Invalid("client_id is missing.")), new Secret(secret))
            : FromAssertion(form, assertion);
        if (proof.Client.Length > LongestId) throw new OAuthException(OAuthError.InvalidClient);
        // Named twice it must be the same client: the two readers of such a request would not agree on who it is.
        if (form["client_id"] is { } named && named != proof.Client) throw new OAuthException(OAuthError.Invalid("client_id is not the client that proves who it is."));
        return proof;
    }

    private static ClientProof.BySecret FromHeader(StringValues authorization)
    {
        if (authorization is not [{ } value] || !value.StartsWith(Basic, StringComparison.OrdinalIgnoreCase)) throw new OAuthException(OAuthError.InvalidClient);
        byte[] bytes = new byte[value.Length];
        if (!Convert.TryFromBase64String(value[Basic.Length..].Trim(), bytes, out int length)) throw new OAuthException(OAuthError.InvalidClient);
        string text = Encoding.Latin1.GetString(bytes, 0, length);
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0) throw new OAuthException(OAuthError.InvalidClient);
        return new ClientProof.BySecret(TokenForm.Decode(text.AsSpan(0, colon)), new Secret(TokenForm.Decode(text.AsSpan(colon + 1))));
    }

    private static ClientProof.ByAssertion FromAssertion(TokenForm form, string? assertion)
    {
        if (form["client_assertion_type"] != AssertionType) throw new OAuthException(OAuthError.Invalid($"client_assertion_type must be {AssertionType}."));
        if (assertion is null || JwtText.Parse(assertion) is not { } token || JwtText.TextOf(token.Payload, "sub") is not { } subject) throw new OAuthException(OAuthError.InvalidClient);
        return new ClientProof.ByAssertion(form["client_id"] ?? subject, token);
    }
}
