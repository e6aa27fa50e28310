using System.Security.Cryptography;
using System.Text;

namespace Mcpx.SampleHosting;

/// <summary>How a server tells its callers apart: not at all, by a key in a header, by a bearer token, or in a way of its own.</summary>
internal abstract class Guard
{
    /// <summary>What a 401 says in <c>WWW-Authenticate</c> (RFC 9110, 11.6.1 asks for one with every 401).</summary>
    public abstract string Challenge(HttpRequest request);

    public abstract bool Admits(IHeaderDictionary headers);

    // Constant time: the answer's delay must not tell how many characters were right.
    private static bool Same(string given, string expected) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(expected));

    public sealed class Open : Guard
    {
        public override string Challenge(HttpRequest request) => "";

        public override bool Admits(IHeaderDictionary headers) => true;
    }

    public sealed class ApiKey(string header, string key) : Guard
    {
        public override string Challenge(HttpRequest request) => $"ApiKey header=\"{header}\"";

        public override bool Admits(IHeaderDictionary headers) => Same(headers[header].ToString(), key);
    }

    public sealed class Bearer(string realm, string token) : Guard
    {
        public override string Challenge(HttpRequest request) => $"Bearer realm=\"{realm}\", error=\"invalid_token\"";

        public override bool Admits(IHeaderDictionary headers)
        {
            const string scheme = "Bearer ";
            var authorization = headers.Authorization.ToString();
            return authorization.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) && Same(authorization[scheme.Length..], token);
        }
    }
}
