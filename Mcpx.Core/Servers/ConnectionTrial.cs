using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using ModelContextProtocol.Client;

namespace Mcpx.Core.Servers;

/// <summary>
/// One run of a <see cref="ConnectionTest"/>. What may not be connected to is told as that, and not what is there: else the
/// test would be a scanner of the network that the gateway stands in.
/// </summary>
internal sealed class ConnectionTrial(
    UpstreamServer server, StoredCredential? credential, EgressHandlerFactory egress, UpstreamAccess access, UpstreamTokens tokens, ProtocolProbe probe,
    TimeProvider time, Action<ConnectionStep>? onStep)
{
    private const int MostConnections = 4;
    private const int Shown = 300;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(5);

    private readonly List<ConnectionStep> _steps = [];
    private IPAddress[] _addresses = [];
    private Stream? _connection;
    private HttpStatusCode _withoutCredential;
    private bool _isOAuth;
    private UpstreamProtocol? _protocol;
    private string? _version;
    private string? _name;
    private string? _issuer;
    private IReadOnlyList<string>? _tools;

    private Uri Url => server.Url;

    public async Task<ConnectionReport> RunAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(Patience, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        (string Name, Func<CancellationToken, Task<Finding>> Run)[] all =
        [
            (ConnectionStepNames.Dns, ResolveAsync), (ConnectionStepNames.Address, CheckAddressAsync), (ConnectionStepNames.Tcp, ConnectAsync), (ConnectionStepNames.Tls, EncryptAsync),
            (ConnectionStepNames.Http, AskAsync), (ConnectionStepNames.Authentication, AuthenticateAsync), (ConnectionStepNames.Protocol, ProbeAsync), (ConnectionStepNames.Tools, ListAsync),
        ];
        bool ok = true;
        try
        {
            foreach ((string name, Func<CancellationToken, Task<Finding>> run) in all)
            {
                ok = ok && await StepAsync(name, run, either.Token, cancellationToken);
                if (_steps.All(s => s.Name != name)) End(new ConnectionStep(name, StepState.Skipped, 0, "Not tried, since an earlier step failed."));
            }
        }
        finally
        {
            if (_connection is not null) await _connection.DisposeAsync();
        }

        return new ConnectionReport(ok, _steps, _tools?.Count, [.. (_tools ?? []).Take(ConnectionTest.MostToolNames)], _protocol, _version, _name) { FoundIssuer = _issuer };
    }

    private async Task<bool> StepAsync(string name, Func<CancellationToken, Task<Finding>> run, CancellationToken limit, CancellationToken caller)
    {
        onStep?.Invoke(new ConnectionStep(name, StepState.Running, 0, ""));
        long started = time.GetTimestamp();
        Finding finding;
        try
        {
            finding = await run(limit);
        }
        catch (Exception e) when (!caller.IsCancellationRequested && Explain(e) is { } why)
        {
            finding = Finding.Failure(why, null);
        }

        End(new ConnectionStep(name, finding.State, time.GetElapsedTime(started).TotalMilliseconds, finding.Detail, finding.Advice));
        return finding.State is not StepState.Failed;
    }

    private void End(ConnectionStep step)
    {
        _steps.Add(step);
        onStep?.Invoke(step);
    }

    private async Task<Finding> ResolveAsync(CancellationToken cancellationToken)
    {
        if (!egress.IsListed(server.Organization, Url.IdnHost)) return Finding.Skip("Not looked up: the host is not on the organisation's list.");
        if (IPAddress.TryParse(Url.IdnHost.Trim('[', ']'), out IPAddress? literal))
        {
            _addresses = [literal];
            return Finding.Skip("The address is a number; there is no name to look up.");
        }

        try
        {
            _addresses = await egress.LookUpAsync(Url.IdnHost, cancellationToken);
        }
        catch (SocketException)
        {
            // Its code would tell more about the gateway's resolver than about the name.
        }

        return _addresses.Length > 0
            ? Finding.Success("The name has an address.")
            : Finding.Failure("The name can't be resolved.", "Check the spelling. A name of an internal network has to be known where the gateway runs.");
    }

    private Task<Finding> CheckAddressAsync(CancellationToken cancellationToken)
    {
        try
        {
            egress.DemandListed(server.Organization, Url.IdnHost);
            egress.DemandAllowed(Url.IdnHost, _addresses);
            return Task.FromResult(Finding.Success("The rules of this installation and of the organisation allow it."));
        }
        catch (HostNotListedException)
        {
            return Task.FromResult(Finding.Failure("The host is not on the organisation's list of allowed hosts. Nothing was connected.", "An Owner can add it under Organisation settings, “Allowed hosts”."));
        }
        catch (EgressDeniedException)
        {
            return Task.FromResult(Finding.Failure("It is at an address that this installation does not open. Nothing was connected.", "If the server is meant to be reached there, an operator has to open that network with EGRESS_ALLOW."));
        }
    }

    private async Task<Finding> ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            _connection = await WithinAsync(ConnectPatience, token => egress.ConnectAsync(_addresses, Url.Port, token).AsTask(), cancellationToken);
            return Finding.Success($"Port {Url.Port} takes connections.");
        }
        catch (SocketException)
        {
            return Finding.Failure($"Nothing takes connections at port {Url.Port}.", "Check the port, and that the server is running.");
        }
        catch (TimeoutException)
        {
            return Finding.Failure($"Port {Url.Port} did not answer within {ConnectPatience.TotalSeconds:0} seconds.", "A firewall on the way may drop the connection.");
        }
    }

    private async Task<Finding> EncryptAsync(CancellationToken cancellationToken)
    {
        if (Url.Scheme == Uri.UriSchemeHttp) return Finding.Skip("The address begins with http: nothing is encrypted, the credential included.", "Use https unless the way to the server is your own.");
        SslPolicyErrors errors = SslPolicyErrors.None;
        await using SslStream tls = new(_connection!, leaveInnerStreamOpen: true);
        SslClientAuthenticationOptions options = new()
        {
            TargetHost = Url.IdnHost,
            RemoteCertificateValidationCallback = (_, _, _, found) => (errors = found) is SslPolicyErrors.None,
        };
        try
        {
            await WithinAsync(ConnectPatience, async token =>
            {
                await tls.AuthenticateAsClientAsync(options, token);
                return true;
            }, cancellationToken);
            return Finding.Success("The connection is encrypted, and the certificate is good.");
        }
        catch (Exception e) when (e is AuthenticationException or IOException or TimeoutException)
        {
            return errors switch
            {
                _ when errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) => Finding.Failure("The certificate is for another host.", "Enter the name that the certificate has."),
                _ when errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) => Finding.Failure("The certificate is not trusted here: it has expired, or its issuer is unknown.", "Renew it, or have the operator add its issuer to the trusted ones where the gateway runs."),
                _ => Finding.Failure("No encrypted connection came about.", "Does this port speak https? Otherwise the address begins with http."),
            };
        }
    }

    /// <summary>Without the credential: whoever answers here has not been looked at yet.</summary>
    private async Task<Finding> AskAsync(CancellationToken cancellationToken)
    {
        using HttpMessageInvoker http = new(egress.CreateFor(server.Organization, MostConnections));
        using HttpRequestMessage request = Question();
        using HttpResponseMessage answer = await WithinAsync(ProbeTarget.LongestRequest, token => http.SendAsync(request, token), cancellationToken);
        if ((int)answer.StatusCode is >= 300 and < 400)
            return Finding.Failure($"It redirects to {Clean(answer.Headers.Location?.OriginalString)}. Redirects are not followed.", "Enter the address that it redirects to.");
        _withoutCredential = answer.StatusCode;
        _isOAuth = Challenge.ResourceMetadata(answer, Url) is not null;
        return Finding.Success($"It answered {(int)answer.StatusCode}.");
    }

    private async Task<Finding> AuthenticateAsync(CancellationToken cancellationToken)
    {
        if (credential is null)
        {
            return !IsRefusal(_withoutCredential) ? Finding.Skip("The server asked for no credential.")
                : Finding.Failure($"The server wants a credential ({(int)_withoutCredential}).", _isOAuth
                    ? "It is protected by OAuth: choose “OAuth client credentials”, and enter the client that its administrator made for the gateway."
                    : "Choose the kind of credential that its administrator gave you.");
        }

        if (credential.Client is { TokenUrl: null, Issuer: null })
        {
            _issuer = await tokens.FindIssuersAsync(server, cancellationToken) is [var named, ..] ? named : null;
            return _issuer is null
                ? Finding.Failure("The server does not say which authorization server it belongs to.", "Enter the issuer or the token URL; the server's administrator knows it.")
                : Finding.Failure($"The server names the authorization server {Clean(_issuer)}. The secret was not sent there.", "If that is the one that you have the client from, put it on the record as the issuer and test again.");
        }

        using DelegatingHandler handler = access.HandlerFor(server, credential);
        handler.InnerHandler = egress.CreateFor(server.Organization, MostConnections);
        using HttpMessageInvoker http = new(handler);
        using HttpRequestMessage request = Question();
        using HttpResponseMessage answer = await http.SendAsync(request, cancellationToken);
        if (IsRefusal(answer.StatusCode))
        {
            return credential.Client is null
                ? Finding.Failure($"The server refuses the credential ({(int)answer.StatusCode}).", "Check its kind, its header and the secret.")
                : Finding.Failure($"A token was got, and the server refuses it ({(int)answer.StatusCode}).", "Check scopes and resource: the token has to be made for this server.");
        }

        string taken = credential.Client is null ? "The server takes the credential." : "A token was got, and the server takes it.";
        return Finding.Success(IsRefusal(_withoutCredential) ? taken : taken + " It also answers without one.");
    }

    private async Task<Finding> ProbeAsync(CancellationToken cancellationToken)
    {
        _protocol = await probe.ProbeAsync(server, credential, cancellationToken);
        return Finding.Success($"It speaks {_protocol.InWords}.");
    }

    private async Task<Finding> ListAsync(CancellationToken cancellationToken)
    {
        CatalogHttp guard = new(Url, ServerCatalog.LargestList);
        using HttpClient http = egress.CreateClientFor(server.Organization, guard, access.HandlerFor(server, credential));
        HttpClientTransportOptions transport = new()
        {
            Endpoint = Url,
            TransportMode = _protocol!.OverSse ? HttpTransportMode.Sse : HttpTransportMode.StreamableHttp,
            EnableStandaloneGetStream = false,
        };
        // Where the stateless era is spoken the client finds that by itself.
        McpClientOptions options = new() { ProtocolVersion = _protocol.SpeaksStateless ? null : _protocol.SessionVersion };
        await using McpClient client = await McpClient.CreateAsync(new HttpClientTransport(transport, http), options, cancellationToken: cancellationToken);
        (_version, _name) = (client.NegotiatedProtocolVersion, client.ServerInfo?.Name);
        _tools = [.. (await client.ListToolsAsync(cancellationToken: cancellationToken)).Select(t => t.Name)];
        return Finding.Success(_tools.Count == 1 ? "It offers 1 tool." : $"It offers {_tools.Count} tools.");
    }

    /// <summary>A question that changes nothing at the server, in whichever era it lives.</summary>
    private HttpRequestMessage Question()
    {
        HttpRequestMessage request = new(HttpMethod.Post, Url) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(ProtocolProbe.Discover)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach ((string name, string value) in ProtocolProbe.DiscoverHeaders) request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }

    private async Task<T> WithinAsync<T>(TimeSpan patience, Func<CancellationToken, Task<T>> run, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(patience, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await run(either.Token);
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"No answer within {patience.TotalSeconds:0} seconds.", e);
        }
    }

    private static bool IsRefusal(HttpStatusCode status) => status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;

    private static string? Explain(Exception exception) =>
        exception is OperationCanceledException ? $"No answer within {Patience.TotalSeconds:0} seconds, for all steps together." : ConnectionFailure.Explain(exception);

    private static string Clean(string? text) => ForeignText.Quote(text, Shown);

    private sealed record Finding(StepState State, string Detail, string? Advice)
    {
        public static Finding Success(string detail) => new(StepState.Ok, detail, null);

        public static Finding Failure(string detail, string? advice) => new(StepState.Failed, detail, advice);

        public static Finding Skip(string detail, string? advice = null) => new(StepState.Skipped, detail, advice);
    }
}
