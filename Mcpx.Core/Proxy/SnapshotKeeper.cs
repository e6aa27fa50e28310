using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Proxy;

/// <summary>Keeps the snapshot that calls read, and makes a new one when configuration changes.</summary>
public sealed partial class SnapshotKeeper : IRouteSource, IDisposable
{
    private readonly ISnapshotSource _source;
    private readonly ILogger<SnapshotKeeper> _logger;
    private readonly IDisposable _subscription;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private ProxySnapshot _current = ProxySnapshot.Empty;
    private Action? _onRoutesChanged;

    public SnapshotKeeper(ISnapshotSource source, ChangeFeed changes, ILogger<SnapshotKeeper> logger)
    {
        _source = source;
        _logger = logger;
        _subscription = changes.Subscribe(OnChangeAsync);
    }

    /// <summary>Take it once per call and stay with it.</summary>
    public ProxySnapshot Current => Volatile.Read(ref _current);

    /// <summary>True once the whole configuration was read: before that every endpoint would look unknown.</summary>
    public bool IsLoaded { get; private set; }

    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            IReadOnlyList<OrganizationSnapshot> all = await _source.LoadAllAsync(cancellationToken);
            Volatile.Write(ref _current, new ProxySnapshot(
                new GatewaySnapshot(all.Select(o => o.Routes).OfType<OrganizationRoutes>()),
                new GovernanceSnapshot(all.Select(o => o.Policies).OfType<OrganizationPolicies>())));
            IsLoaded = true;
            _onRoutesChanged?.Invoke();
        }
        finally
        {
            _turn.Release();
        }
    }

    GatewaySnapshot IRouteSource.Routes => Current.Gateways;

    public void OnRoutesChanged(Action onChange) => _onRoutesChanged += onChange;

    public void Dispose()
    {
        _subscription.Dispose();
        _turn.Dispose();
    }

    private async ValueTask OnChangeAsync(Change change)
    {
        // What changes before the first reading is in the first reading.
        if (!IsLoaded) return;
        try
        {
            if (change.Kind is ChangeKind.Everything) await LoadAsync(CancellationToken.None);
            if (change.Kind is ChangeKind.Configuration) await LoadOrganizationAsync(OrganizationId.From(change.Id));
        }
        catch (Exception e)
        {
            // The write that caused this is committed. The poll of configuration versions reads it again.
            LogReloadFailed(_logger, e);
        }
    }

    private async Task LoadOrganizationAsync(OrganizationId organization)
    {
        await _turn.WaitAsync();
        try
        {
            OrganizationSnapshot part = await _source.LoadAsync(organization, CancellationToken.None);
            ProxySnapshot before = Current;
            Volatile.Write(ref _current, new ProxySnapshot(
                before.Gateways.With(organization, part.Routes),
                before.Governance.With(organization, part.Policies)));
            _onRoutesChanged?.Invoke();
        }
        finally
        {
            _turn.Release();
        }
    }

    [LoggerMessage(1001, LogLevel.Error, "Reading changed configuration failed; the previous one stays in use.")]
    private static partial void LogReloadFailed(ILogger logger, Exception exception);
}
