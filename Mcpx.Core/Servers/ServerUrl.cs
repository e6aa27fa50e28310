using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Servers;

/// <summary>What may stand as a server's address.</summary>
public static class ServerUrl
{
    public static Uri? Check(InputCheck check, string? text)
    {
        check.Require(!string.IsNullOrWhiteSpace(text), "url", "An address is required.");
        return OutboundUrl.Check(check, text, "url");
    }
}
