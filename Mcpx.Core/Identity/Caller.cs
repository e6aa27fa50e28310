using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

/// <summary>Who sent a call, as its credential proves it.</summary>
/// <param name="Home">The organisation in which the credential is good, and nowhere else.</param>
/// <param name="ExpiresAt">From this instant on the credential proves nothing.</param>
public sealed record Caller(Organization Home, Principal Principal, Role Role, TokenScopes Scopes, DateTimeOffset ExpiresAt)
{
    public OrganizationId Organization => Home.Id;

    /// <summary>What the credential is limited to beyond its scopes.</summary>
    public CallerLimits Limits { get; init; } = CallerLimits.None;

    /// <summary>The personal access token that was shown; null for other credentials.</summary>
    public TokenId? Token { get; init; }

    /// <summary>
    /// The addresses that the credential was issued for (RFC 8707), and it is good nowhere else; null for one that was issued
    /// for the whole organisation. See <see cref="IsFor"/>.
    /// </summary>
    public IReadOnlyList<string>? Audience { get; init; }

    public string? TokenName { get; init; }

    /// <summary>The person; null for a service account.</summary>
    public UserId? User => (Principal as Principal.Person)?.User.Id;

    /// <summary>The service account; null for a person.</summary>
    public ServiceAccountId? ServiceAccount => (Principal as Principal.Service)?.Account;

    /// <summary>Every door asks this with its own address before it believes the caller: a token for another one is none.</summary>
    /// <param name="resource">See <see cref="ResourceAddresses"/>.</param>
    public bool IsFor(string resource) => Audience is null || Audience.Contains(resource, StringComparer.Ordinal);
}

/// <summary>What acts: a person, or a service account that belongs to an organisation and to no person.</summary>
public abstract record Principal
{
    private Principal()
    {
    }

    /// <summary>Of the user or of the service account: what sealed values and sessions are bound to.</summary>
    public abstract Guid Id { get; }

    public abstract string Name { get; }

    public sealed record Person(User User) : Principal
    {
        public override Guid Id => User.Id.Value;

        public override string Name => User.Name;
    }

    public sealed record Service(ServiceAccountId Account, string AccountName) : Principal
    {
        public override Guid Id => Account.Value;

        public override string Name => AccountName;
    }
}

/// <summary>A credential's limit to some endpoints and tools. Null means all of them; an empty list means none.</summary>
/// <param name="Endpoints">Ids of servers and virtual gateways whose endpoints it opens. The id of one that is gone opens nothing.</param>
/// <param name="Tools">Patterns of tool names as the endpoint shows them; <c>*</c> stands for any characters.</param>
public sealed record CallerLimits(IReadOnlyList<Guid>? Endpoints, IReadOnlyList<string>? Tools)
{
    public static CallerLimits None { get; } = new(null, null);

    /// <summary>For the audit log.</summary>
    /// <param name="endpoints">What the endpoints are called; one that is gone is shown by its id.</param>
    public AuditView AddTo(AuditView view, IReadOnlyDictionary<Guid, string> endpoints) => view
        .With("endpoints", Endpoints?.Select(id => endpoints.GetValueOrDefault(id) ?? id.ToString("D"))).With("tools", Tools);

    public bool AllowsEndpoint(Guid endpoint) => Endpoints is null || Endpoints.Contains(endpoint);

    public bool AllowsTool(string shownName)
    {
        if (Tools is null) return true;
        foreach (string pattern in Tools)
        {
            if (NamePattern.Matches(pattern, shownName)) return true;
        }

        return false;
    }

    /// <summary>True when <paramref name="other"/> opens nothing that this does not open.</summary>
    public bool Covers(CallerLimits other) =>
        (Endpoints is null || other.Endpoints is not null && other.Endpoints.All(Endpoints.Contains))
        && (Tools is null || other.Tools is not null && other.Tools.All(narrow => Tools.Any(wide => NamePattern.Covers(wide, narrow))));
}

/// <summary>Turns a credential into the caller it proves; null when it proves nothing.</summary>
public interface ICallerDirectory
{
    ValueTask<Caller?> FindAsync(string token, CancellationToken cancellationToken);
}
