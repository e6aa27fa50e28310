using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Mcpx.Web.Authentication.Providers;

/// <summary>
/// A provider's endpoints and keys by discovery (OpenID Connect Discovery 1.0), kept for half a day. A key that is not
/// among them is looked for once a minute at most: else a flood of forged tokens would become one of requests.
/// </summary>
internal sealed class ProviderDiscovery(ProviderSettings settings, HttpClient backchannel, TimeProvider time) : IDisposable
{
    private const string TenantPlaceholder = "{tenantid}";

    private static readonly TimeSpan FreshFor = TimeSpan.FromHours(12);
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _reading = new(1);
    private readonly Retriever _retriever = new(backchannel);
    private OpenIdConnectConfiguration? _known;
    private DateTimeOffset _readAt;

    /// <exception cref="ProviderException">The provider does not answer, or describes another one.</exception>
    public async Task<OpenIdConnectConfiguration> GetAsync(CancellationToken cancellationToken) =>
        _known is { } known && time.GetUtcNow() - _readAt < FreshFor ? known : await ReadAsync(FreshFor, cancellationToken);

    /// <summary>For a token whose key is unknown: read anew, unless that was done just now.</summary>
    /// <inheritdoc cref="GetAsync"/>
    public Task<OpenIdConnectConfiguration> GetNewerAsync(CancellationToken cancellationToken) => ReadAsync(LookAgainAfter, cancellationToken);

    public void Dispose() => _reading.Dispose();

    /// <summary>The issuer that a token of this tenant has. Microsoft's shared endpoints leave a gap for the tenant's id.</summary>
    public static string IssuerFor(OpenIdConnectConfiguration configuration, string? tenant) =>
        configuration.Issuer.Replace(TenantPlaceholder, tenant ?? TenantPlaceholder, StringComparison.Ordinal);

    private async Task<OpenIdConnectConfiguration> ReadAsync(TimeSpan unlessYoungerThan, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (_known is { } known && time.GetUtcNow() - _readAt < unlessYoungerThan) return known;
            OpenIdConnectConfiguration read = await OpenIdConnectConfigurationRetriever.GetAsync(Address, _retriever, cancellationToken);
            Check(read);
            (_known, _readAt) = (read, time.GetUtcNow());
            return read;
        }
        catch (Exception e) when (e is not ProviderException && !(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            throw new ProviderException(ProviderProblem.Unreachable, $"The description at {Address} can't be read: {Innermost(e).GetType().Name}: {LogText.Clean(Innermost(e).Message)}", e);
        }
        finally
        {
            _reading.Release();
        }
    }

    private string Address => settings.Kind is ProviderKind.Microsoft
        ? $"{settings.Authority}/{settings.Tenant}/v2.0/.well-known/openid-configuration"
        : $"{settings.Authority.TrimEnd('/')}/.well-known/openid-configuration";

    /// <summary>
    /// Section 4.3: the issuer has to be the one that was asked, or one provider could speak for another. All endpoints are
    /// encrypted where the authority is.
    /// </summary>
    private void Check(OpenIdConnectConfiguration read)
    {
        bool rightIssuer = settings.Kind is ProviderKind.Microsoft
            ? read.Issuer?.StartsWith(settings.Authority + "/", StringComparison.Ordinal) is true
            : read.Issuer == settings.Authority;
        if (!rightIssuer)
            throw new ProviderException(ProviderProblem.BadAnswer, $"The description at {Address} is that of another issuer, {LogText.Clean(read.Issuer)}. The issuer has to be set exactly as the provider writes it.");
        bool plainAllowed = settings.Authority.StartsWith("http://", StringComparison.OrdinalIgnoreCase);
        foreach ((string endpoint, bool required) in new[] { (read.AuthorizationEndpoint, true), (read.TokenEndpoint, true), (read.UserInfoEndpoint, false) })
        {
            if (string.IsNullOrEmpty(endpoint) && !required) continue;
            if (!Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? url) || url.Scheme != Uri.UriSchemeHttps && !(plainAllowed && url.Scheme == Uri.UriSchemeHttp))
                throw new ProviderException(ProviderProblem.BadAnswer, $"The description at {Address} lacks an encrypted endpoint.");
        }
    }

    private static Exception Innermost(Exception e) => e.GetBaseException();

    private sealed class Retriever(HttpClient backchannel) : IDocumentRetriever
    {
        public async Task<string> GetDocumentAsync(string address, CancellationToken cancel)
        {
            using HttpResponseMessage answer = await backchannel.GetAsync(new Uri(address), cancel);
            answer.EnsureSuccessStatusCode();
            return await answer.Content.ReadAsStringAsync(cancel);
        }
    }
}

/// <summary>What came from outside and goes into the log: one line, not too long.</summary>
internal static class LogText
{
    private const int Longest = 300;

    public static string Clean(string? text)
    {
        string line = string.Concat((text ?? "").Take(Longest).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c));
        return line.Trim();
    }
}
