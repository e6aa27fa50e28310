using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mcpx.Tests.Servers;

/// <summary>The parts of Core that reach servers, put together without a gateway around them; they open loopback.</summary>
internal static class Probes
{
    public static CredentialVault Vault { get; } = new(new AesGcmSecretProtector(new KeyRing([new byte[KeyRing.MinimumKeyBytes]]), CredentialVault.Purpose));

    public static EgressHandlerFactory Egress(string allowed = "127.0.0.0/8") => new(AddressGuard.FromConfiguration(allowed));

    public static UpstreamAccess Access(EgressHandlerFactory egress, TimeProvider time) =>
        new(new CredentialBroker(Vault, new UpstreamTokens(egress, time, NullLogger<UpstreamTokens>.Instance)));

    public static ProtocolProbe ProbeOf(TimeProvider time) => new(Egress(), Access(Egress(), time), time);

    public static UpstreamServer Server(Uri url) => new(EntityId.New<ServerId>(TimeProvider.System), EntityId.New<OrganizationId>(TimeProvider.System), "probed", "probed", "", url,
        UpstreamServer.DefaultTimeoutSeconds, Enabled: true, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);

    public static Task<UpstreamProtocol> ProbeAsync(Uri url, TimeProvider time, CredentialInput? credential = null)
    {
        UpstreamServer server = Server(url);
        return ProbeOf(time).ProbeAsync(server, Vault.Seal(server.Organization, server.Id, credential ?? CredentialInput.None), TestContext.Current.CancellationToken);
    }
}
