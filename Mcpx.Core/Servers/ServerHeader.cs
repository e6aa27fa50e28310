using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Servers;

/// <summary>A header that every request to a server carries besides the credential, e.g. a tenant's name. No place for secrets.</summary>
public sealed record ServerHeader(string Name, string Value)
{
    public const int Most = 20;
    private const int LongestValue = 1024;

    /// <summary>Adds what is wrong to <paramref name="check"/>.</summary>
    /// <param name="credentialHeader">The header that the server's credential takes; null for none.</param>
    public static void Check(InputCheck check, IReadOnlyList<ServerHeader>? headers, string? credentialHeader)
    {
        if (headers is null) return;
        check.Require(headers.Count <= Most, "headers", $"Use at most {Most} headers.");
        HashSet<string> seen = new(StringComparer.OrdinalIgnoreCase);
        foreach (ServerHeader header in headers.Take(Most))
        {
            string name = header?.Name?.Trim() ?? "";
            if (OutboundHeaders.RefuseExtra(name) is { } why) check.Require(false, "headers", why);
            else if (string.Equals(name, credentialHeader, StringComparison.OrdinalIgnoreCase)) check.Require(false, "headers", $"{name} is the credential's header.");
            else if (!seen.Add(name)) check.Require(false, "headers", $"{name} stands there twice.");
            else if (header!.Value is not { Length: <= LongestValue } value || !OutboundHeaders.IsValidValue(value))
                check.Require(false, "headers", $"The value of {name} has to be visible ASCII characters, at most {LongestValue:N0}, without blanks at its ends.");
        }
    }

    /// <summary>The header that a credential takes.</summary>
    public static string? Of(CredentialKind? kind, string? header) => kind switch
    {
        CredentialKind.ApiKey => header ?? CredentialInput.DefaultHeader,
        CredentialKind.Bearer or CredentialKind.ClientCredentials => "Authorization",
        _ => null,
    };
}
