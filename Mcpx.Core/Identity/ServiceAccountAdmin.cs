using Mcpx.Core.Audit;
using Mcpx.Core.OAuth;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

/// <summary>A service account as it shall be; null members stay as they are, or take their default when it is made.</summary>
/// <param name="Scopes">See <see cref="TokenScopeNames"/>; <c>mcp</c> when not given.</param>
/// <param name="Role"><see cref="Role.Member"/> when not given.</param>
/// <param name="Endpoints">See <see cref="LimitsRequest"/>; <c>["*"]</c> alone takes the limit away.</param>
/// <param name="Tools">See <see cref="LimitsRequest"/>; <c>["*"]</c> alone takes the limit away.</param>
/// <param name="Jwks">A JWK set; an empty text takes the keys away.</param>
public sealed record ServiceAccountInput(
    string? Name = null, string? Description = null, Role? Role = null, IReadOnlyList<string>? Scopes = null,
    IReadOnlyList<string>? Endpoints = null, IReadOnlyList<string>? Tools = null, string? Jwks = null, bool? Enabled = null);

/// <summary>A new secret and its text, which exists only here: it is shown once.</summary>
public sealed record IssuedSecret(ServiceAccount Account, ServiceAccountSecret Secret, Secret Text);

/// <summary>
/// The one door to service accounts. All that makes or strengthens a credential takes a person: a program that could make
/// another account would live on after its own was switched off.
/// </summary>
public sealed class ServiceAccountAdmin(IServiceAccountStore store, EndpointNames endpoints, TokenHasher hasher, ChangeFeed changes, TimeProvider time)
{
    public const int DefaultSecretDays = 90;
    public const int LongestSecretDays = 365;

    /// <summary>The new one is brought to where it is used while the old one still works.</summary>
    public const int MostLiveSecrets = 2;

    private const int HintLength = 4;
    private const int LongestDescription = 500;
    private const string All = "*";

    /// <exception cref="RefusalException">Not allowed, wrong, or the name is taken.</exception>
    public async Task<ServiceAccountDetails> CreateAsync(Actor actor, ServiceAccountInput input, CancellationToken cancellationToken)
    {
        DateTimeOffset now = Instant.Now(time);
        ServiceAccount blank = new(EntityId.New<ServiceAccountId>(time), new Organization(actor.Organization, "", ""), "", "", Role.Member, TokenScopes.Mcp, CallerLimits.None,
            Jwks: null, now, now, DisabledAt: null, LastUsedAt: null);
        ServiceAccount account = await ChangedAsync(actor, blank, input with { Name = input.Name ?? "" }, cancellationToken);
        await store.AddAsync(account, ChangeBy(actor, AdminAction.ServiceAccountCreate, account.Id), cancellationToken);
        return await GetAsync(actor, account.Id, cancellationToken);
    }

    /// <exception cref="RefusalException">Not allowed, wrong, not there, or the name is taken.</exception>
    public async Task<ServiceAccountDetails> UpdateAsync(Actor actor, ServiceAccountId id, ServiceAccountInput input, CancellationToken cancellationToken)
    {
        ServiceAccountDetails before = await GetToChangeAsync(actor, id, cancellationToken);
        ServiceAccount account = await ChangedAsync(actor, before.Account, input, cancellationToken);
        if (!await store.UpdateAsync(account, ChangeBy(actor, AdminAction.ServiceAccountUpdate, id), cancellationToken)) throw new RefusalException.NotFound("service account");
        await PublishAsync(id);
        return before with { Account = account };
    }

    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task DeleteAsync(Actor actor, ServiceAccountId id, CancellationToken cancellationToken)
    {
        await GetToChangeAsync(actor, id, cancellationToken);
        if (!await store.DeleteAsync(actor.Organization, id, ChangeBy(actor, AdminAction.ServiceAccountDelete, id), cancellationToken)) throw new RefusalException.NotFound("service account");
        await PublishAsync(id);
    }

    /// <exception cref="RefusalException">Not allowed.</exception>
    public Task<IReadOnlyList<ServiceAccountDetails>> ListAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return store.ListAsync(actor.Organization, cancellationToken);
    }

    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task<ServiceAccountDetails> GetAsync(Actor actor, ServiceAccountId id, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return await store.FindAsync(actor.Organization, id, cancellationToken) ?? throw new RefusalException.NotFound("service account");
    }

    /// <param name="expiresInDays">1–365; 90 when not given.</param>
    /// <exception cref="RefusalException">Not allowed, wrong, not there, or two secrets are live already.</exception>
    public async Task<IssuedSecret> AddSecretAsync(Actor actor, ServiceAccountId id, int? expiresInDays, CancellationToken cancellationToken)
    {
        ServiceAccountDetails details = await GetToChangeAsync(actor, id, cancellationToken);
        new InputCheck().Require(expiresInDays is null or >= 1 and <= LongestSecretDays, "expiresInDays", $"Use 1 to {LongestSecretDays} days.").ThrowIfWrong();
        // Who holds the secret is the account: its text must not reach somebody whose own token may do less.
        actor.DemandNoMoreThanOwn(details.Account.Scopes, details.Account.Limits);
        string text = TokenText.Create(TokenText.ServiceAccountSecretPrefix);
        DateTimeOffset now = Instant.Now(time);
        ServiceAccountSecret secret = new(EntityId.New<ServiceAccountSecretId>(time), id, text[^HintLength..], now, now.AddDays(expiresInDays ?? DefaultSecretDays), RevokedAt: null, LastUsedAt: null);
        if (!await store.AddSecretAsync(actor.Organization, secret, hasher.Hash(text), MostLiveSecrets, ChangeBy(actor, AdminAction.ServiceAccountAddSecret, id), cancellationToken))
            throw new RefusalException.Conflict("secrets", $"The account has {MostLiveSecrets} live secrets already: revoke one first.");
        return new IssuedSecret(details.Account, secret, new Secret(text));
    }

    /// <summary>Stops new tokens with this secret; those that were issued end within their quarter of an hour.</summary>
    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task RevokeSecretAsync(Actor actor, ServiceAccountId id, ServiceAccountSecretId secret, CancellationToken cancellationToken)
    {
        await GetToChangeAsync(actor, id, cancellationToken);
        if (!await store.RevokeSecretAsync(actor.Organization, id, secret, time.GetUtcNow(), ChangeBy(actor, AdminAction.ServiceAccountRevokeSecret, id), cancellationToken))
            throw new RefusalException.NotFound("secret");
        await PublishAsync(id);
    }

    /// <summary>Rights first, so that nobody learns of an account what they may not change; then those that the account itself asks for.</summary>
    private async Task<ServiceAccountDetails> GetToChangeAsync(Actor actor, ServiceAccountId id, CancellationToken cancellationToken)
    {
        Demand(actor, Role.Member);
        ServiceAccountDetails details = await GetAsync(actor, id, cancellationToken);
        Demand(actor, details.Account.Role);
        return details;
    }

    /// <summary>An account with the rights of an Admin is the Owners' to make and to touch: it can do what Admins can, and nobody sees it do so.</summary>
    private static void Demand(Actor actor, Role role)
    {
        actor.Demand(Permission.ManageMembers);
        actor.DemandPerson();
        if (role > Role.Member) actor.Demand(Permission.ManageRoles);
    }

    private async Task<ServiceAccount> ChangedAsync(Actor actor, ServiceAccount before, ServiceAccountInput input, CancellationToken cancellationToken)
    {
        Demand(actor, input.Role ?? before.Role);
        TokenScopes? scopes = input.Scopes is null ? before.Scopes : TokenScopeNames.Parse(input.Scopes);
        InputCheck check = new();
        if (input.Name is not null) check.Name(input.Name, "name");
        check.Require(input.Description is null || input.Description.Length <= LongestDescription, "description", $"Use at most {LongestDescription} characters.")
            .Text(input.Description, "description")
            .Require(input.Role is null or Role.Member or Role.Admin, "role", "Use member or admin: nobody but a person owns an organisation.")
            .Require(scopes is not null and not TokenScopes.None, "scopes", $"Use one or more of {string.Join(", ", TokenScopes.All.ToNames())}.");
        if (input.Jwks is { Length: > 0 } jwks && ClientKeys.Refuse(jwks) is { } why) check.Require(false, "jwks", why);
        CallerLimits limits = await LimitsAsync(check, actor, before.Limits, input, cancellationToken);
        check.ThrowIfWrong();
        actor.DemandNoMoreThanOwn(scopes!.Value, limits);
        DateTimeOffset now = Instant.Now(time);
        return before with
        {
            Name = input.Name?.Trim() ?? before.Name,
            Description = input.Description?.Trim() ?? before.Description,
            Role = input.Role ?? before.Role,
            Scopes = scopes.Value,
            Limits = limits,
            Jwks = input.Jwks is null ? before.Jwks : input.Jwks.Length == 0 ? null : input.Jwks,
            DisabledAt = input.Enabled switch { null => before.DisabledAt, true => null, false => before.DisabledAt ?? now },
            UpdatedAt = now,
        };
    }

    private async Task<CallerLimits> LimitsAsync(InputCheck check, Actor actor, CallerLimits before, ServiceAccountInput input, CancellationToken cancellationToken)
    {
        LimitsRequest asked = new(input.Endpoints is [All] ? null : input.Endpoints, input.Tools is [All] ? null : input.Tools);
        CallerLimits resolved = await endpoints.ResolveAsync(check, actor.Organization, asked, before.Endpoints, cancellationToken);
        return new CallerLimits(input.Endpoints is null ? before.Endpoints : resolved.Endpoints, input.Tools is null ? before.Tools : resolved.Tools);
    }

    private AdminChange ChangeBy(Actor actor, AdminAction action, ServiceAccountId id) => AdminChange.By(actor, action, SubjectKinds.ServiceAccount, id.Value, time);

    private ValueTask PublishAsync(ServiceAccountId id) => changes.PublishAsync(new Change(ChangeKind.ServiceAccount, id.Value));
}
