using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Servers;

/// <summary>Tries a server the way a call would, step by step: same address guard, same list of hosts, same credential.</summary>
public sealed class ConnectionTest(
    ServerAdmin servers, IServerStore store, ConnectionTestLimit limit, CredentialVault vault, EgressHandlerFactory egress, UpstreamAccess access, UpstreamTokens tokens, ProtocolProbe probe,
    UpstreamProtocols protocols, TimeProvider time)
{
    public const int MostToolNames = 1000;

    /// <summary>Tries a saved server, and remembers how it ended and how the server is spoken to.</summary>
    /// <param name="onStep">Told of each step as it begins and as it ends, on any thread; null for nobody.</param>
    /// <exception cref="RefusalException">Not allowed, no such server, or too many tests.</exception>
    public async Task<ConnectionReport> RunAsync(Actor actor, ServerId id, Action<ConnectionStep>? onStep, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageServers);
        ServerDetails details = await servers.GetAsync(actor, id, cancellationToken);
        limit.Take(actor.Organization);
        ConnectionReport report = await TrialOf(details.Server, details.Credential, onStep).RunAsync(cancellationToken);
        if (report.Protocol is { } found) await protocols.LearnAsync(details.Server, details.Credential, found);
        string? failure = report.Steps.FirstOrDefault(s => s.State is StepState.Failed)?.Detail;
        // Who leaves the page now has still tested it.
        await store.RememberTestAsync(actor.Organization, id, details.Server.Url, new TestOutcome(Instant.Now(time), failure), CancellationToken.None);
        return report;
    }

    /// <inheritdoc cref="RunAsync(Actor, ServerId, Action{ConnectionStep}, CancellationToken)"/>
    public Task<ConnectionReport> RunAsync(Actor actor, ServerId id, CancellationToken cancellationToken) => RunAsync(actor, id, onStep: null, cancellationToken);

    /// <summary>Tries a server before it is saved.</summary>
    /// <param name="draft">Only its address, credential and extra headers are looked at.</param>
    /// <exception cref="RefusalException">Not allowed, what is tried breaks rules, or too many tests.</exception>
    /// <inheritdoc cref="RunAsync(Actor, ServerId, Action{ConnectionStep}, CancellationToken)"/>
    public async Task<ConnectionReport> RunAsync(Actor actor, NewServer draft, Action<ConnectionStep>? onStep, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageServers);
        CredentialInput credential = draft.Credential ?? CredentialInput.None;
        InputCheck check = new();
        Uri? address = ServerUrl.Check(check, draft.Url);
        credential.Check(check);
        ServerHeader.Check(check, draft.Headers, ServerHeader.Of(credential.Kind, credential.Header));
        check.ThrowIfWrong();
        limit.Take(actor.Organization);

        // Under an id of its own, so that nothing of it meets what is known of a saved server.
        DateTimeOffset now = Instant.Now(time);
        UpstreamServer server = new(EntityId.New<ServerId>(time), actor.Organization, "draft", "draft", "", address!,
            UpstreamServer.DefaultTimeoutSeconds, Enabled: true, now, now) { Headers = draft.Headers ?? [] };
        try
        {
            return await TrialOf(server, vault.Seal(actor.Organization, server.Id, credential), onStep).RunAsync(cancellationToken);
        }
        finally
        {
            tokens.Forget(server);
        }
    }

    private ConnectionTrial TrialOf(UpstreamServer server, StoredCredential? credential, Action<ConnectionStep>? onStep) =>
        new(server, credential, egress, access, tokens, probe, time, onStep);
}
