namespace Mcpx.Core.Identity;

/// <summary>
/// The addresses that tokens are issued by and for: made from the configured public address, never from a request, and
/// compared byte for byte (RFC 8414, section 3.3; RFC 8707, section 2; RFC 9728, section 3.3).
/// </summary>
public sealed class ResourceAddresses
{
    private readonly string _origin;
    private readonly string _path;

    public ResourceAddresses(Uri publicUrl)
    {
        _origin = publicUrl.GetLeftPart(UriPartial.Authority);
        _path = publicUrl.AbsolutePath.TrimEnd('/');
        Issuer = _origin + _path;
        Api = Issuer + "/api";
        TokenEndpoint = Issuer + "/oauth/token";
        KeySet = Issuer + "/oauth/jwks";
    }

    /// <summary>The <c>iss</c> of our tokens.</summary>
    public string Issuer { get; }

    /// <summary>The REST API as a resource.</summary>
    public string Api { get; }

    public string TokenEndpoint { get; }

    public string KeySet { get; }

    /// <summary>What stands in front of our paths in addresses; empty for an installation at the root of its host.</summary>
    public string BasePath => _path;

    /// <summary>A server's or virtual gateway's endpoint as a resource.</summary>
    public string Endpoint(string organization, bool isGateway, string slug) =>
        string.Concat(Issuer, string.Concat("/mcp/", organization), isGateway ? "/gateway/" : "/server/", slug);

    /// <summary>Where the metadata of a resource is: the well-known part goes between host and path (RFC 9728, section 3.1).</summary>
    public string MetadataOf(string path) => $"{_origin}/.well-known/oauth-protected-resource{_path}{path}";
}
