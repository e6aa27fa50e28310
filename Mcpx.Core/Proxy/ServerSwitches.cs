using System.Collections.Concurrent;
using Mcpx.Core.Gateways;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Proxy;

/// <summary>
/// Ends what is under way with a server when somebody switches it off or deletes it: the rules keep new calls out, and here
/// those that were let in before them, and streams that stand open, come to their end.
/// </summary>
public sealed class ServerSwitches
{
    private readonly ConcurrentDictionary<(OrganizationId, ServerId), CancellationTokenSource> _on = new();
    private readonly SnapshotKeeper _snapshots;
    private Action<OrganizationId, ServerId>? _onWentOff;

    public ServerSwitches(SnapshotKeeper snapshots)
    {
        _snapshots = snapshots;
        snapshots.OnRoutesChanged(Look);
    }

    /// <param name="onOff">Called, on any thread, when a server went off.</param>
    public void OnWentOff(Action<OrganizationId, ServerId> onOff) => _onWentOff += onOff;

    /// <summary>Fires when the server goes off; has fired when it is off already.</summary>
    public CancellationToken Of(ServerRoute route)
    {
        (OrganizationId, ServerId) key = (route.Organization.Id, route.Server.Id);
        CancellationTokenSource source = _on.GetOrAdd(key, static _ => new CancellationTokenSource());
        // Looked at after it can be found: a call may bring a route from before the switch.
        return IsOn(key) ? source.Token : new CancellationToken(canceled: true);
    }

    private bool IsOn((OrganizationId Organization, ServerId Server) key) =>
        _snapshots.Current.Gateways.Find(key.Organization)?.FindServer(key.Server) is { Server.Enabled: true };

    private void Look()
    {
        foreach (((OrganizationId, ServerId) key, _) in _on)
        {
            if (IsOn(key) || !_on.TryRemove(key, out CancellationTokenSource? source)) continue;
            // Beside the change of configuration, which must not wait for every call to end. It holds nothing that has to be disposed of.
            _ = source.CancelAsync();
            _onWentOff?.Invoke(key.Item1, key.Item2);
        }
    }
}
