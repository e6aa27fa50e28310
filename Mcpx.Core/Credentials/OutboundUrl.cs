using Mcpx.Core.Primitives;

namespace Mcpx.Core.Credentials;

/// <summary>What may stand as an address that requests of a configuration go to. Whether it may be connected to is Egress' decision, at each connect.</summary>
public static class OutboundUrl
{
    public const int Longest = 2048;

    /// <summary>Null when it is empty, or wrong in a way that <paramref name="check"/> says.</summary>
    public static Uri? Check(InputCheck check, string? text, string field)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        bool parsed = Uri.TryCreate(text.Trim(), UriKind.Absolute, out Uri? url);
        check.Require(parsed && text.Length <= Longest, field, "This is not an absolute address such as https://mcp.example.com/mcp.");
        if (!parsed) return null;
        check.Require(url!.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps, field, "Use an http:// or https:// address.")
            // A password in an address ends up in logs and in the audit.
            .Require(url.UserInfo.Length == 0, field, "Leave user and password out of the address; enter a credential instead.")
            .Require(url.Fragment.Length == 0, field, "Leave the part after # out of the address.")
            .Require(url.Host.Length > 0, field, "The address names no host.");
        return url;
    }
}
