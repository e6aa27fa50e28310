namespace Mcpx.Core.Credentials;

/// <summary>What a server says in <c>WWW-Authenticate</c> when it refuses (RFC 9110, section 11.6.1).</summary>
internal static class Challenge
{
    private const string Parameter = "resource_metadata=";

    /// <summary>RFC 9728, section 5.1; null when it says nothing that could be fetched.</summary>
    public static Uri? ResourceMetadata(HttpResponseMessage answer, Uri server)
    {
        if (!answer.Headers.TryGetValues("WWW-Authenticate", out IEnumerable<string>? challenges)) return null;
        foreach (string challenge in challenges)
        {
            int at = challenge.IndexOf(Parameter, StringComparison.OrdinalIgnoreCase);
            if (at < 0) continue;
            string rest = challenge[(at + Parameter.Length)..];
            int end = rest.StartsWith('"') ? rest.IndexOf('"', 1) : rest.IndexOfAny([',', ' ']);
            string text = (end < 0 ? rest : rest[..end]).Trim('"');
            bool usable = text.Length <= OutboundUrl.Longest && Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.UserInfo.Length == 0
                && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp && server.Scheme == Uri.UriSchemeHttp);
            if (usable) return new Uri(text);
        }

        return null;
    }
}
