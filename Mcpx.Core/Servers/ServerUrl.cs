using Mcpx.Core.Primitives;

namespace Mcpx.Core.Servers;

/// <summary>What may stand as a server's address. Whether it may be connected to is Egress' decision, at each connect.</summary>
public static class ServerUrl
{
    private const int Longest = 2048;

    public static Uri? Check(InputCheck check, string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            check.Require(false, "url", "An address is required.");
            return null;
        }

        bool parsed = Uri.TryCreate(text.Trim(), UriKind.Absolute, out Uri? url);
        check.Require(parsed && text.Length <= Longest, "url", "This is not an absolute address such as https://mcp.example.com/mcp.");
        if (!parsed) return null;
        check.Require(url!.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps, "url", "Use an http:// or https:// address.")
            // A password in an address ends up in logs and in the audit.
            .Require(url.UserInfo.Length == 0, "url", "Leave user and password out of the address; enter a credential instead.")
            .Require(url.Fragment.Length == 0, "url", "Leave the part after # out of the address.")
            .Require(url.Host.Length > 0, "url", "The address names no host.");
        return url;
    }
}
