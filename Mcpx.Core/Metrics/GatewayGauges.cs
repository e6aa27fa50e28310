using System.Diagnostics.Metrics;
using Mcpx.Core.Calls;
using Mcpx.Core.Gateways;
using Mcpx.Core.Health;

namespace Mcpx.Core.Metrics;

/// <summary>
/// What the gateway is, looked at when somebody asks: journal, breakers, snapshot, catalogues, calls under way. Series of
/// servers, gateways and organisations come and go with the snapshot.
/// </summary>
public sealed class GatewayGauges
{
    private readonly CallJournal _journal;
    private readonly UpstreamGuard _guard;
    private readonly CatalogKeeper _catalogs;
    private readonly IRouteSource _routes;
    private readonly TimeProvider _time;

    public GatewayGauges(GatewayMetrics metrics, CallJournal journal, UpstreamGuard guard, CatalogKeeper catalogs, IRouteSource routes, GlobalLimit limit, TimeProvider time)
    {
        (_journal, _guard, _catalogs, _routes, _time) = (journal, guard, catalogs, routes, time);
        Meter meter = metrics.Meter;
        meter.CreateObservableGauge("mcpx.calls.active", () => limit.Calls, "{call}", "Calls under way on this replica.");
        meter.CreateObservableGauge("mcpx.streams.active", () => limit.Streams, "{stream}", "Streams that stand open on this replica.");
        AddJournal(meter);
        AddSnapshot(meter);
        meter.CreateObservableGauge("mcpx.breaker.state", Breakers, "1", "Of each server as this replica sees it: 0 closed, 1 half open, 2 open.");
        meter.CreateObservableGauge("mcpx.catalog.age", CatalogAges, "s", "Since the lists of a gateway's member were last read; no series where they never were.");
    }

    private void AddJournal(Meter meter)
    {
        meter.CreateObservableGauge("mcpx.journal.records", () => _journal.State.Depth, "{record}", "Records that are not in the database yet.");
        meter.CreateObservableGauge("mcpx.journal.size", () => _journal.State.Bytes, "By", "Bytes of them on disk.");
        meter.CreateObservableGauge("mcpx.journal.budget", () => _journal.State.Budget, "By", "Bytes that may wait; when they do, calls are refused.");
        meter.CreateObservableGauge("mcpx.journal.oldest.age", () => Math.Max(0, _journal.State.Oldest?.TotalSeconds ?? 0), "s", "How long the oldest record has waited; 0 when none does.");
        meter.CreateObservableGauge("mcpx.journal.refusing", () => _journal.State.IsAccepting ? 0 : 1, "1", "1 while calls are refused since their records could not be kept.");
        meter.CreateObservableCounter("mcpx.journal.drained", () => _journal.State.Drained, "{record}", "Records that went to the database.");
        meter.CreateObservableCounter("mcpx.journal.drain.failures", () => _journal.State.DrainFailures, "{write}", "Writes to the database that failed; each is tried again.");
    }

    private void AddSnapshot(Meter meter)
    {
        meter.CreateObservableGauge("mcpx.snapshot.version", () => _routes.Built.Version, "{snapshot}", "How many snapshots of the configuration this replica has made.");
        meter.CreateObservableGauge("mcpx.snapshot.age", SnapshotAge, "s", "Since the snapshot in use was made.");
        meter.CreateObservableGauge("mcpx.snapshot.build.duration", () => _routes.Built.Took.TotalSeconds, "s", "What making the snapshot in use took.");
    }

    private IEnumerable<Measurement<double>> SnapshotAge() =>
        _routes.Built is { At: { } at } ? [new Measurement<double>(Since(at))] : [];

    private IEnumerable<Measurement<int>> Breakers()
    {
        foreach (OrganizationRoutes organization in _routes.Routes.Organizations)
        {
            foreach (ServerRoute route in organization.Servers)
            {
                int state = _guard.StateOf(organization.Organization.Id, route.Server.Id).Phase switch { CircuitPhase.Closed => 0, CircuitPhase.HalfOpen => 1, _ => 2 };
                yield return new Measurement<int>(state, new("mcpx.organization", organization.Organization.Slug), new("mcpx.server", route.Server.Slug));
            }
        }
    }

    private IEnumerable<Measurement<double>> CatalogAges()
    {
        foreach (GatewayRoute gateway in _routes.Routes.Organizations.SelectMany(o => o.Gateways))
        {
            foreach (MemberRoute member in gateway.Members)
            {
                if (_catalogs.Peek(member.Server) is not { ReadAt: var readAt }) continue;
                yield return new Measurement<double>(Since(readAt),
                    new("mcpx.organization", gateway.Organization.Slug), new("mcpx.gateway", gateway.Gateway.Slug), new("mcpx.server", member.Server.Server.Slug));
            }
        }
    }

    private double Since(DateTimeOffset then) => Math.Max(0, (_time.GetUtcNow() - then).TotalSeconds);
}
