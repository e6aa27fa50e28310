using Mcpx.SampleHosting;

namespace Mcpx.DemoServers.Tickets;

/// <summary>Lets in whoever brings a token of the desk, and tells others where the desk is (RFC 9728, section 5.1).</summary>
internal sealed class TokenGuard(TokenDesk desk) : Guard
{
    private const string Scheme = "Bearer ";

    public override string Challenge(HttpRequest request) => $"Bearer realm=\"tickets\", scope=\"{TokenDesk.Scope}\", resource_metadata=\"{TokenDesk.MetadataOf(request)}\"";

    public override bool Admits(IHeaderDictionary headers)
    {
        var authorization = headers.Authorization.ToString();
        return authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && desk.Admits(authorization[Scheme.Length..]);
    }
}
