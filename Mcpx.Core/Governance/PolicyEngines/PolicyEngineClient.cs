using System.Net.Http.Headers;
using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Governance.PolicyEngines;

/// <summary>Seals the token that engines are shown, and opens it again.</summary>
public sealed class PolicyEngineVault(ISecretProtector protector) : TextVault(protector, "policy_engines", "token")
{
    /// <summary>The purpose label of the key that seals these tokens.</summary>
    public const string Purpose = "mcpx/policy-engine/v1";

    public byte[] Seal(OrganizationId organization, Secret token) => Seal(organization, organization.Value, token);

    /// <summary>Null when no key of the ring opens it, or it was moved here from another organisation.</summary>
    public Secret? Open(OrganizationId organization, byte[] sealedToken) => Open(organization, organization.Value, sealedToken);
}

/// <summary>An engine gave no answer that could be used.</summary>
/// <param name="message">A sentence for administrators; nothing of what was sent or answered.</param>
public sealed class PolicyEngineException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>Asks one engine once.</summary>
public sealed class PolicyEngineClient(EgressHandlerFactory egress, PolicyEngineVault vault, TimeProvider time) : IDisposable
{
    // One pool for all: connections are kept by host, and carry nothing of an organisation's but what each request brings.
    private readonly Lazy<HttpMessageInvoker> _http = new(() => new HttpMessageInvoker(egress.Create(maxConnections: 64)));

    /// <exception cref="PolicyEngineException">It can't be reached, was too slow, or said what is no answer.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired.</exception>
    public async Task<PolicyAnswer> AskAsync(PolicyEngine engine, byte[] question, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromMilliseconds(engine.TimeoutMilliseconds), time);
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            // The pool is everybody's, the list of hosts is the organisation's: arguments must not go past it.
            egress.DemandListed(engine.Organization, engine.Url.IdnHost);
            using HttpRequestMessage request = new(HttpMethod.Post, engine.Url) { Content = new ByteArrayContent(question) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            if (engine.Token is { } token)
            {
                Secret secret = vault.Open(engine.Organization, token) ?? throw new PolicyEngineException("The engine's token can't be read with the keys of this installation: enter it again.");
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", secret.Reveal());
            }

            using HttpResponseMessage response = await _http.Value.SendAsync(request, patience.Token);
            if (!response.IsSuccessStatusCode) throw new PolicyEngineException($"The engine answered {(int)response.StatusCode}.");
            ReadOnlyMemory<byte> answer = await SmallJson.ReadBytesAsync(response.Content, patience.Token)
                ?? throw new PolicyEngineException($"The engine's answer is longer than {SmallJson.Longest >> 10} KiB.");
            return PolicyAnswer.Read(answer) ?? throw new PolicyEngineException("The engine's answer has no decision: a “result” that is true, false, or an object with “allow”.");
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PolicyEngineException($"The engine did not answer within {engine.TimeoutMilliseconds:N0} ms.", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new PolicyEngineException(ConnectionFailure.Explain(e) ?? "The engine can't be reached.", e);
        }
    }

    public void Dispose()
    {
        if (_http.IsValueCreated) _http.Value.Dispose();
    }
}
