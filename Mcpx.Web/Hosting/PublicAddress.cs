using System.Collections.Frozen;
using Microsoft.Extensions.Primitives;

namespace Mcpx.Web.Hosting;

/// <summary>Our address as configured, and which hosts and origins may speak to it.</summary>
internal sealed class PublicAddress
{
    private readonly FrozenSet<string> _hosts;
    private readonly FrozenSet<string> _origins;
    private volatile string? _allowed;

    public PublicAddress(McpxOptions options)
    {
        Url = options.PublicUrl;
        // On a loopback address all spellings of this machine are one host; a public one has exactly its own name.
        string[] hosts = Url.IsLoopback ? [Url.Host, "localhost", "127.0.0.1", "[::1]"] : [Url.Host];
        _hosts = hosts.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        _origins = hosts.Select(h => $"{Url.Scheme}://{h}{(Url.IsDefaultPort ? "" : $":{Url.Port}")}").ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    }

    public Uri Url { get; }

    public bool IsHttps => Url.Scheme == Uri.UriSchemeHttps;

    /// <summary>An absolute address of ours.</summary>
    public string To(string path) => Url.GetLeftPart(UriPartial.Path).TrimEnd('/') + path;

    /// <summary>An unknown Host is DNS rebinding or a misconfigured proxy: neither may be served.</summary>
    public bool AllowsHost(HostString host)
    {
        // Asked for each request, and nearly always for the same spelling: it is taken apart once.
        if (host.HasValue && host.Value == _allowed) return true;
        if (!host.HasValue || !_hosts.Contains(host.Host)) return false;
        _allowed = host.Value;
        return true;
    }

    /// <summary>None is fine (agents send none); more than one, <c>null</c> and foreign ones are not.</summary>
    public bool AllowsOrigin(StringValues origin) => origin.Count == 0 || origin.Count == 1 && _origins.Contains(origin.ToString());

    /// <summary>Probes come to an address of the network's choosing.</summary>
    public static bool IsProbe(PathString path) => path == "/livez" || path == "/readyz";
}
