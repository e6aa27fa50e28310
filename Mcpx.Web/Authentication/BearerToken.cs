using Microsoft.Extensions.Primitives;

namespace Mcpx.Web.Authentication;

/// <summary>The token of an Authorization header (RFC 6750, section 2.1); the RFC's other two places, query and body, count as absent.</summary>
internal static class BearerToken
{
    private const string Scheme = "Bearer ";

    /// <summary>Null when there is none; also when there are two headers, since another reader may take the other one.</summary>
    public static string? Of(StringValues authorization) =>
        authorization is [{ } value] && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? value[Scheme.Length..].Trim() : null;
}
