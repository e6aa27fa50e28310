using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using ModelContextProtocol.Client;

namespace Mcpx.Core.Servers;

/// <summary>One step on the way to a server.</summary>
/// <param name="Name"><c>address</c>, <c>protocol</c> or <c>tools</c>.</param>
/// <param name="Detail">What was found, or why it failed and what to do, in a sentence.</param>
public sealed record ConnectionStep(string Name, bool Ok, double Milliseconds, string Detail);

/// <param name="Tools">How many tools the server offers; null when it was not reached.</param>
/// <param name="ToolNames">Their names, at most <see cref="ConnectionTest.MostToolNames"/> of them: an upstream decides how many there are.</param>
/// <param name="Protocol">How it is spoken to; null when that was not found out.</param>
/// <param name="ProtocolVersion">What was agreed on for the list of tools.</param>
public sealed record ConnectionReport(
    bool Ok, IReadOnlyList<ConnectionStep> Steps, int? Tools, IReadOnlyList<string> ToolNames, UpstreamProtocol? Protocol, string? ProtocolVersion, string? ServerName);

/// <summary>Tries a server the way a call would: same address guard, same credential.</summary>
public sealed class ConnectionTest(
    ServerAdmin servers, CredentialVault vault, AddressGuard guard, EgressHandlerFactory egress, ProtocolProbe probe, UpstreamProtocols protocols, TimeProvider time)
{
    public const int MostToolNames = 1000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Tries a saved server, and remembers how it is spoken to.</summary>
    /// <exception cref="RefusalException">Not allowed, or no such server.</exception>
    public async Task<ConnectionReport> RunAsync(Actor actor, ServerId id, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageServers);
        ServerDetails details = await servers.GetAsync(actor, id, cancellationToken);
        Credential credential = details.Credential is null ? new Credential.None() : vault.Open(details.Credential);
        ConnectionReport report = await RunAsync(details.Server.Url, credential, cancellationToken);
        if (report.Protocol is { } found) await protocols.LearnAsync(details.Server, details.Credential, found);
        return report;
    }

    /// <summary>Tries a server before it is saved.</summary>
    /// <exception cref="RefusalException">Not allowed, or the address or credential break rules.</exception>
    public Task<ConnectionReport> RunAsync(Actor actor, string? url, CredentialInput credential, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageServers);
        InputCheck check = new();
        Uri? address = ServerUrl.Check(check, url);
        credential.Check(check);
        check.ThrowIfWrong();
        return RunAsync(address!, credential.ToCredential(), cancellationToken);
    }

    private async Task<ConnectionReport> RunAsync(Uri url, Credential credential, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        List<ConnectionStep> steps = [];
        UpstreamProtocol? protocol = null;
        string? version = null;
        string? name = null;
        int? tools = null;
        string[] toolNames = [];
        bool ok = await StepAsync(steps, "address", () => ResolveAsync(url, limit.Token), cancellationToken);
        ok = ok && await StepAsync(steps, "protocol", async () =>
        {
            protocol = await probe.ProbeAsync(url, credential.ToHeader(), limit.Token);
            return $"It speaks {protocol.InWords}.";
        }, cancellationToken);
        ok = ok && await StepAsync(steps, "tools", async () =>
        {
            using HttpClient http = egress.CreateClient();
            // Where the stateless era is spoken the client finds that by itself.
            McpClientOptions options = new() { ProtocolVersion = protocol!.SpeaksStateless ? null : protocol.SessionVersion };
            await using McpClient client = await McpClient.CreateAsync(TransportTo(url, protocol, credential, http), options, cancellationToken: limit.Token);
            (version, name) = (client.NegotiatedProtocolVersion, client.ServerInfo?.Name);
            IList<McpClientTool> found = await client.ListToolsAsync(cancellationToken: limit.Token);
            toolNames = [.. found.Take(MostToolNames).Select(t => t.Name)];
            tools = found.Count;
            return tools == 1 ? "It offers 1 tool." : $"It offers {tools} tools.";
        }, cancellationToken);
        return new ConnectionReport(ok, steps, tools, toolNames, protocol, version, name);
    }

    private async Task<string> ResolveAsync(Uri url, CancellationToken cancellationToken)
    {
        await guard.ResolveAsync(url.Host, cancellationToken);
        return $"{url.Host} is reachable by the rules of this installation.";
    }

    private static HttpClientTransport TransportTo(Uri url, UpstreamProtocol protocol, Credential credential, HttpClient http)
    {
        HttpClientTransportOptions options = new()
        {
            Endpoint = url,
            TransportMode = protocol.OverSse ? HttpTransportMode.Sse : HttpTransportMode.StreamableHttp,
            EnableStandaloneGetStream = false,
        };
        if (credential.ToHeader() is (string header, Secret value))
            options.AdditionalHeaders = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { [header] = value.Reveal() };
        return new HttpClientTransport(options, http);
    }

    private async Task<bool> StepAsync(List<ConnectionStep> steps, string name, Func<Task<string>> run, CancellationToken caller)
    {
        long started = time.GetTimestamp();
        try
        {
            string found = await run();
            steps.Add(new ConnectionStep(name, true, time.GetElapsedTime(started).TotalMilliseconds, found));
            return true;
        }
        catch (Exception e) when (!caller.IsCancellationRequested && Explain(e) is { } why)
        {
            steps.Add(new ConnectionStep(name, false, time.GetElapsedTime(started).TotalMilliseconds, why));
            return false;
        }
    }

    private static string? Explain(Exception exception) =>
        exception is OperationCanceledException ? $"No answer within {Patience.TotalSeconds:0} seconds." : ConnectionFailure.Explain(exception);
}
