using Mcpx.Core.Gateways;
using Mcpx.Core.Identity;
using Mcpx.Core.Metrics;
using Mcpx.Core.Servers;

namespace Mcpx.Web.Dashboard.Metrics;

/// <summary>What can be chosen on the metrics page, and what is chosen there although it is gone.</summary>
public sealed class MetricNames(MetricsQuery metrics, ServerAdmin servers, GatewayAdmin gateways, MemberAdmin members, ServiceAccountAdmin accounts)
{
    /// <exception cref="Core.Primitives.RefusalException">Not allowed.</exception>
    public async Task<Known> ReadAsync(Actor actor, MetricFilter filter, CancellationToken cancellationToken)
    {
        Known known = new(
            [.. (await servers.ListAsync(actor, after: null, ServerAdmin.LargestPage, tag: null, cancellationToken)).Items.Select(details => details.Server)],
            [.. (await gateways.ListAsync(actor, after: null, GatewayAdmin.LargestPage, cancellationToken)).Items.Select(details => details.Gateway)],
            (await members.ListAsync(actor, after: null, MemberAdmin.LargestPage, cancellationToken)).Items,
            [.. (await accounts.ListAsync(actor, cancellationToken)).Select(details => details.Account)],
            new Dictionary<Guid, MetricName>());
        Guid[] others = [.. new[] { filter.Server?.Value, filter.Gateway?.Value, filter.Caller }.OfType<Guid>().Where(id => id != Guid.Empty && !known.Has(id))];
        return others.Length == 0 ? known : known with { Others = await metrics.NamesAsync(actor, others, cancellationToken) };
    }

    /// <param name="Others">Those of a filter that are in none of the lists.</param>
    public sealed record Known(
        IReadOnlyList<UpstreamServer> Servers, IReadOnlyList<VirtualGateway> Gateways, IReadOnlyList<Member> Members, IReadOnlyList<ServiceAccount> Accounts, IReadOnlyDictionary<Guid, MetricName> Others)
    {
        public static Known None { get; } = new([], [], [], [], new Dictionary<Guid, MetricName>());

        public bool IsMember(Guid id) => Members.Any(m => m.User.Id.Value == id);

        public bool IsAccount(Guid id) => Accounts.Any(a => a.Id.Value == id);

        public bool Has(Guid id) => IsMember(id) || IsAccount(id) || Servers.Any(s => s.Id.Value == id) || Gateways.Any(g => g.Id.Value == id);
    }
}
