using System.Net;
using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Servers;

/// <summary>
/// Sends requests to servers with what these want to see: the credential, got at the moment of sending so that a session of
/// hours never shows an old token, and the extra headers of the record. Calls, probes, lists and tests all go through here.
/// </summary>
public sealed class UpstreamAccess(CredentialBroker broker)
{
    /// <summary>
    /// A token that the server answers with 401 is renewed once and the request sent again: a server that refuses to
    /// authenticate has done nothing, and none of its answer has gone anywhere yet.
    /// </summary>
    /// <exception cref="CredentialUnreadableException">See <see cref="CredentialVault.Open"/>.</exception>
    /// <exception cref="UpstreamTokenException">No token is to be had; nothing was sent.</exception>
    public Task<HttpResponseMessage> SendAsync(
        HttpMessageInvoker http, UpstreamServer server, StoredCredential? credential, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (credential?.Kind is CredentialKind.ClientCredentials) return SendRenewingAsync(http, server, credential, request, cancellationToken);
        // At once: what every call does needs no state machine of its own.
        Put(request, server, broker.ObtainFixed(credential));
        return http.SendAsync(request, cancellationToken);
    }

    /// <summary>The same for libraries that take a handler.</summary>
    public DelegatingHandler HandlerFor(UpstreamServer server, StoredCredential? credential) => new Handler(this, server, credential);

    private async Task<HttpResponseMessage> SendRenewingAsync(
        HttpMessageInvoker http, UpstreamServer server, StoredCredential credential, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        (string Header, Secret Value)? shown = await broker.ObtainAsync(server, credential, cancellationToken);
        Put(request, server, shown);
        HttpResponseMessage answer = await http.SendAsync(request, cancellationToken);
        if (answer.StatusCode is not HttpStatusCode.Unauthorized || shown is null) return answer;
        try
        {
            if (await broker.RenewAsync(server, credential, shown.Value.Value, cancellationToken) is not { } renewed) return answer;
            Put(request, server, renewed);
        }
        catch
        {
            answer.Dispose();
            throw;
        }

        answer.Dispose();
        return await http.SendAsync(request, cancellationToken);
    }

    private static void Put(HttpRequestMessage request, UpstreamServer server, (string Header, Secret Value)? credential)
    {
        // Checked again here: what was valid when it was saved may have been changed below us.
        for (int i = 0; i < server.Headers.Count; i++)
        {
            ServerHeader extra = server.Headers[i];
            if (OutboundHeaders.RefuseExtra(extra.Name) is null) Set(request, extra.Name, extra.Value);
        }

        // Last: no extra header takes its place.
        if (credential is { } shown && OutboundHeaders.Refuse(shown.Header) is null) Set(request, shown.Header, shown.Value.Reveal());
    }

    private static void Set(HttpRequestMessage request, string name, string value)
    {
        if (!OutboundHeaders.IsValidValue(value)) return;
        request.Headers.Remove(name);
        request.Headers.TryAddWithoutValidation(name, value);
    }

    private sealed class Handler(UpstreamAccess access, UpstreamServer server, StoredCredential? credential) : DelegatingHandler
    {
        private HttpMessageInvoker? _inner;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            access.SendAsync(_inner ??= new HttpMessageInvoker(InnerHandler!, disposeHandler: false), server, credential, request, cancellationToken);

        protected override void Dispose(bool disposing)
        {
            if (disposing) _inner?.Dispose();
            base.Dispose(disposing);
        }
    }
}
