using Mcpx.Core.Primitives;

namespace Mcpx.Core.Redaction;

/// <summary>One organisation's rules made ready, for each of its servers and virtual gateways.</summary>
public sealed class OrganizationRedaction
{
    private readonly RuleSet _common;
    private readonly Dictionary<ServerId, RuleSet> _servers = [];
    private readonly Dictionary<string, RuleSet> _bySlug = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RuleSet> _gateways = new(StringComparer.Ordinal);

    /// <param name="servers">Every server that has settings of its own, with its slug.</param>
    /// <param name="gateways">The virtual gateways' slugs, and which servers are behind each.</param>
    public OrganizationRedaction(
        OrganizationId organization, OrganizationRules rules, IEnumerable<(string Slug, ServerRedaction Settings)> servers, IEnumerable<(string Slug, IReadOnlyCollection<ServerId> Members)> gateways)
    {
        Organization = organization;
        Rules = rules;
        _common = new RuleSet(PayloadMode.Redacted, rules.Rules);
        (string Slug, ServerRedaction Settings)[] own = [.. servers];
        foreach ((string slug, ServerRedaction settings) in own)
            _servers[settings.Server] = _bySlug[slug] = new RuleSet(settings.Payloads, [.. settings.Rules, .. rules.Rules]);
        foreach ((string slug, IReadOnlyCollection<ServerId> members) in gateways)
        {
            ServerRedaction[] settings = [.. own.Select(o => o.Settings).Where(s => members.Contains(s.Server))];
            if (settings.Length == 0) continue;
            // A call that did not get as far as one member may have been meant for any: what the most careful of them wants holds.
            PayloadMode payloads = settings.Any(s => s.Payloads is PayloadMode.MetadataOnly) ? PayloadMode.MetadataOnly : PayloadMode.Redacted;
            _gateways[slug] = new RuleSet(payloads, [.. settings.SelectMany(s => s.Rules), .. rules.Rules]);
        }
    }

    public OrganizationId Organization { get; }

    public OrganizationRules Rules { get; }

    /// <summary>What a call's payloads are redacted by. A refused call may name a server that it did not reach.</summary>
    public RuleSet For(ServerId? server, string? serverSlug, string? gatewaySlug)
    {
        if (server is { } id) return _servers.GetValueOrDefault(id) ?? _common;
        if (gatewaySlug is not null) return _gateways.GetValueOrDefault(gatewaySlug) ?? _common;
        return serverSlug is null ? _common : _bySlug.GetValueOrDefault(serverSlug) ?? _common;
    }
}

/// <summary>Every organisation's rules, immutable; a change makes a new one.</summary>
public sealed class RedactionSnapshot(IEnumerable<OrganizationRedaction> organizations)
{
    private readonly Dictionary<OrganizationId, OrganizationRedaction> _organizations = organizations.ToDictionary(o => o.Organization);

    public static RedactionSnapshot Empty { get; } = new([]);

    /// <summary>Null for an organisation that is not known: nothing of it may be kept that a rule could have named.</summary>
    public OrganizationRedaction? Find(OrganizationId organization) => _organizations.GetValueOrDefault(organization);

    public RedactionSnapshot With(OrganizationId organization, OrganizationRedaction? redaction) =>
        new([.. _organizations.Values.Where(o => o.Organization != organization), .. redaction is null ? Array.Empty<OrganizationRedaction>() : [redaction]]);
}

/// <summary>Gives the rules that records are redacted by at the moment.</summary>
public interface IRedactionSource
{
    /// <summary>Waits, where they were not read yet, until they are: a record that is written without them can't be taken back.</summary>
    ValueTask<RedactionSnapshot> GetAsync(CancellationToken cancellationToken);
}
