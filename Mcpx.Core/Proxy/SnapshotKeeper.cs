using Mcpx.Core.Egress;
using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Governance.Pinning;
using Mcpx.Core.Governance.PolicyEngines;
using Mcpx.Core.Primitives;
using Mcpx.Core.Redaction;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Proxy;

/// <summary>Keeps the snapshot that calls read, and makes a new one when configuration changes.</summary>
public sealed partial class SnapshotKeeper : IRouteSource, IPinSource, IRedactionSource, IDisposable
{
    private readonly ISnapshotSource _source;
    private readonly EgressRules _egress;
    private readonly ILogger<SnapshotKeeper> _logger;
    private readonly IDisposable _subscription;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ProxySnapshot _current = ProxySnapshot.Empty;
    private readonly TimeProvider _time;
    private SnapshotBuild _built = SnapshotBuild.None;
    private Action? _onRoutesChanged;

    public SnapshotKeeper(ISnapshotSource source, EgressRules egress, ChangeFeed changes, ILogger<SnapshotKeeper> logger, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        _source = source;
        _egress = egress;
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
            long began = _time.GetTimestamp();
            IReadOnlyList<OrganizationSnapshot> all = await _source.LoadAllAsync(Current, cancellationToken);
            // Before the servers: none is reached by rules that are older than it.
            _egress.Replace(all.Where(o => o.Hosts is not null).ToDictionary(o => o.Organization, o => o.Hosts!));
            Volatile.Write(ref _current, new ProxySnapshot(
                new GatewaySnapshot(all.Select(o => o.Routes).OfType<OrganizationRoutes>()),
                new GovernanceSnapshot(all.Select(o => o.Policies).OfType<OrganizationPolicies>()))
            {
                Pins = new PinSnapshot(all.Select(o => o.Pins).OfType<OrganizationPins>()),
                PolicyEngines = new PolicyEngineSnapshot(all.Select(o => o.PolicyEngine).OfType<PolicyEngine>()),
                Strict = [.. all.Where(o => o.IsStrict).Select(o => o.Organization)],
                Redactions = new RedactionSnapshot(all.Select(o => o.Redaction).OfType<OrganizationRedaction>()),
            });
            NoteBuilt(began);
            IsLoaded = true;
            _loaded.TrySetResult();
            _onRoutesChanged?.Invoke();
        }
        finally
        {
            _turn.Release();
        }
    }

    GatewaySnapshot IRouteSource.Routes => Current.Gateways;

    SnapshotBuild IRouteSource.Built => Volatile.Read(ref _built);

    PinSnapshot IPinSource.Pins => Current.Pins;

    async ValueTask<RedactionSnapshot> IRedactionSource.GetAsync(CancellationToken cancellationToken)
    {
        await _loaded.Task.WaitAsync(cancellationToken);
        return Current.Redactions;
    }

    public void OnRoutesChanged(Action onChange) => _onRoutesChanged += onChange;

    public void Dispose()
    {
        _subscription.Dispose();
        _turn.Dispose();
    }

    private void NoteBuilt(long began) => Volatile.Write(ref _built, new SnapshotBuild(_built.Version + 1, _time.GetUtcNow(), _time.GetElapsedTime(began)));

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
            long began = _time.GetTimestamp();
            OrganizationSnapshot part = await _source.LoadAsync(organization, Current, CancellationToken.None);
            ProxySnapshot before = Current;
            _egress.Set(organization, part.Hosts);
            Volatile.Write(ref _current, new ProxySnapshot(
                before.Gateways.With(organization, part.Routes),
                before.Governance.With(organization, part.Policies))
            {
                Pins = before.Pins.With(organization, part.Pins),
                PolicyEngines = before.PolicyEngines.With(organization, part.PolicyEngine),
                Strict = part.IsStrict ? before.Strict.Add(organization) : before.Strict.Remove(organization),
                Redactions = before.Redactions.With(organization, part.Redaction),
            });
            NoteBuilt(began);
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
