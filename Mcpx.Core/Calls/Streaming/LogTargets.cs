using Mcpx.Core.Egress;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls.Streaming;

/// <summary>Opens the way to a stream's target.</summary>
public sealed class LogTargets(LogStreamVault vault, EgressHandlerFactory egress, ResourceAddresses addresses, TimeProvider time)
{
    private readonly string _hostName = SyslogHeader.HostName(new Uri(addresses.Issuer).Host);

    /// <exception cref="LogTargetException">What the target knows us by can't be read.</exception>
    public ILogTarget Open(LogStream stream) => stream.Target switch
    {
        LogTarget.Webhook webhook => new WebhookTarget(stream, webhook, SecretOf(stream), egress, time),
        LogTarget.Syslog syslog => new SyslogTarget(stream, syslog, _hostName, egress),
        _ => throw new InvalidOperationException($"There is no way to {stream.Target}."),
    };

    private Secret SecretOf(LogStream stream) =>
        vault.Open(stream) ?? throw new LogTargetException("The webhook's secret can't be read with the configured ENCRYPTION_KEY: make the stream anew.");
}
