using Mcpx.Core.Audit;
using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Governance.Pinning;
using Mcpx.Core.Governance.PolicyEngines;
using Mcpx.Core.Identity;
using Mcpx.Core.Jobs;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Tests;

/// <summary>For tests of stores that are not about the audit log: the change that a store wants, made up.</summary>
internal static class TestChanges
{
    public static RequestOrigin Origin { get; } = RequestOrigin.Installation("test");

    public static AdminChange In(OrganizationId organization) =>
        AdminChange.ByInstallation("test", AdminAction.ServerUpdate, SubjectKinds.Server, subject: null, TimeProvider.System) with { Organization = organization };

    public static AdminChange By(UserId person) => AdminChange.By(person, Origin, AdminAction.SessionSignIn, SubjectKinds.Session, subject: null, TimeProvider.System);

    public static Task AddAsync(this IServerStore store, UpstreamServer server, StoredCredential? credential, CancellationToken cancellationToken) =>
        store.AddAsync(server, credential, In(server.Organization), cancellationToken);

    public static Task<bool> UpdateAsync(this IServerStore store, UpstreamServer server, bool replaceCredential, StoredCredential? credential, CancellationToken cancellationToken) =>
        store.UpdateAsync(server, replaceCredential, credential, In(server.Organization), cancellationToken);

    public static Task<bool> DeleteAsync(this IServerStore store, OrganizationId organization, ServerId server, CancellationToken cancellationToken) =>
        store.DeleteAsync(organization, server, In(organization), cancellationToken);

    public static Task AddAsync(this IGatewayStore store, VirtualGateway gateway, CancellationToken cancellationToken) =>
        store.AddAsync(gateway, In(gateway.Organization), cancellationToken);

    public static Task<bool> UpdateAsync(this IGatewayStore store, VirtualGateway gateway, bool replaceMembers, DateTimeOffset? seen, CancellationToken cancellationToken) =>
        store.UpdateAsync(gateway, replaceMembers, seen, In(gateway.Organization), cancellationToken);

    public static Task<bool> DeleteAsync(this IGatewayStore store, OrganizationId organization, GatewayId gateway, CancellationToken cancellationToken) =>
        store.DeleteAsync(organization, gateway, In(organization), cancellationToken);

    public static Task<bool> ReplaceAsync(this IGovernanceStore store, OrganizationId organization, ServerGovernance governance, CancellationToken cancellationToken) =>
        store.ReplaceAsync(organization, governance, In(organization), cancellationToken);

    public static Task<bool> SaveSettingsAsync(this IGovernanceStore store, OrganizationId organization, GovernanceSettings settings, CancellationToken cancellationToken) =>
        store.SaveSettingsAsync(organization, settings, In(organization), cancellationToken);

    public static Task<bool> AddAsync(this ICallLimitStore store, OrganizationId organization, CallLimit limit, int most, CancellationToken cancellationToken) =>
        store.AddAsync(organization, limit, most, In(organization), cancellationToken);

    public static Task<bool> SaveAsync(this IPolicyEngineStore store, PolicyEngine engine, CancellationToken cancellationToken) =>
        store.SaveAsync(engine, In(engine.Organization), cancellationToken);

    public static Task<bool> DeleteAsync(this IPolicyEngineStore store, OrganizationId organization, CancellationToken cancellationToken) =>
        store.DeleteAsync(organization, In(organization), cancellationToken);

    public static Task<IReadOnlyList<string>?> ApproveAsync(
        this IToolPinStore store, OrganizationId organization, ServerId server, IReadOnlyList<PinChoice> choices, string by, DateTimeOffset now, CancellationToken cancellationToken) =>
        store.ApproveAsync(organization, server, choices, by, now, In(organization), cancellationToken);

    public static Task<IReadOnlyList<string>?> RejectAsync(this IToolPinStore store, OrganizationId organization, ServerId server, IReadOnlyList<PinChoice> choices, CancellationToken cancellationToken) =>
        store.RejectAsync(organization, server, choices, In(organization), cancellationToken);

    public static Task<int?> ForgetAsync(this IToolPinStore store, OrganizationId organization, ServerId server, IReadOnlyList<string> tools, CancellationToken cancellationToken) =>
        store.ForgetAsync(organization, server, tools, In(organization), cancellationToken);

    public static Task<bool> SetAsync(this IToolPinStore store, OrganizationId organization, ServerId server, PinMode mode, bool reviewFirst, CancellationToken cancellationToken) =>
        store.SetAsync(organization, server, mode, reviewFirst, In(organization), cancellationToken);

    public static Task<bool> ReplaceAsync(this IEgressStore store, OrganizationId organization, HostRules rules, CancellationToken cancellationToken) =>
        store.ReplaceAsync(organization, rules, In(organization), cancellationToken);

    public static Task AddAsync(this ITokenStore store, PersonalAccessToken token, byte[] hash, CancellationToken cancellationToken) =>
        store.AddAsync(token, hash, In(token.Organization), cancellationToken);

    public static Task<IReadOnlyList<TokenId>> RevokeAsync(this ITokenStore store, OrganizationId organization, IReadOnlyList<TokenId> tokens, DateTimeOffset at, CancellationToken cancellationToken) =>
        store.RevokeAsync(organization, tokens, at, In(organization), cancellationToken);

    public static Task AddAsync(this IServiceAccountStore store, ServiceAccount account, CancellationToken cancellationToken) =>
        store.AddAsync(account, In(account.Organization.Id), cancellationToken);

    public static Task<bool> UpdateAsync(this IServiceAccountStore store, ServiceAccount account, CancellationToken cancellationToken) =>
        store.UpdateAsync(account, In(account.Organization.Id), cancellationToken);

    public static Task<bool> DeleteAsync(this IServiceAccountStore store, OrganizationId organization, ServiceAccountId account, CancellationToken cancellationToken) =>
        store.DeleteAsync(organization, account, In(organization), cancellationToken);

    public static Task<bool> AddSecretAsync(
        this IServiceAccountStore store, OrganizationId organization, ServiceAccountSecret secret, byte[] hash, int most, CancellationToken cancellationToken) =>
        store.AddSecretAsync(organization, secret, hash, most, In(organization), cancellationToken);

    public static Task<bool> RevokeSecretAsync(
        this IServiceAccountStore store, OrganizationId organization, ServiceAccountId account, ServiceAccountSecretId secret, DateTimeOffset at, CancellationToken cancellationToken) =>
        store.RevokeSecretAsync(organization, account, secret, at, In(organization), cancellationToken);

    public static Task<bool> ChangeAsync(
        this IMemberStore store, OrganizationId organization, UserId user, UserId? actor, Func<MemberFacts, Role?> decide, DateTimeOffset at, CancellationToken cancellationToken) =>
        store.ChangeAsync(organization, user, actor, decide, at, In(organization), cancellationToken);

    public static Task<Invitation?> PutAsync(this IInvitationStore store, Invitation invitation, byte[] hash, Action<InvitationFacts> check, CancellationToken cancellationToken) =>
        store.PutAsync(invitation, hash, check, In(invitation.Organization), cancellationToken);

    public static Task<Acceptance> AcceptAsync(this IInvitationStore store, OrganizationId organization, byte[] hash, UserId user, DateTimeOffset at, CancellationToken cancellationToken) =>
        store.AcceptAsync(organization, hash, user, at, By(user), cancellationToken);

    public static Task ReplaceAsync(this IGroupRoleStore store, OrganizationId organization, string issuer, IReadOnlyList<GroupRole> roles, CancellationToken cancellationToken) =>
        store.ReplaceAsync(organization, issuer, roles, In(organization), cancellationToken);

    public static Task<Membership?> AddAsync(this IOrganizationStore store, Organization organization, UserId owner, int most, DateTimeOffset at, CancellationToken cancellationToken) =>
        store.AddAsync(organization, owner, most, at, By(owner), cancellationToken);

    public static Task<Membership> EnsureOwnerAsync(this IMembershipStore store, Organization organization, User owner, CancellationToken cancellationToken) =>
        store.EnsureOwnerAsync(organization, owner, In(organization.Id), cancellationToken);

    public static Task AddAsync(this ISessionStore store, UserSession session, CancellationToken cancellationToken) =>
        store.AddAsync(session, By(session.User), cancellationToken);

    public static Task<bool> RevokeAsync(this ISessionStore store, UserId user, SessionId session, DateTimeOffset at, CancellationToken cancellationToken) =>
        store.RevokeAsync(user, session, at, By(user), cancellationToken);

    public static Task<IReadOnlyList<SessionId>> RevokeOthersAsync(this ISessionStore store, UserId user, SessionId kept, DateTimeOffset at, CancellationToken cancellationToken) =>
        store.RevokeOthersAsync(user, kept, at, By(user), cancellationToken);

    public static Task RequestAsync(this IJobStore store, string name, CancellationToken cancellationToken) =>
        store.RequestAsync(name, AdminChange.ByInstallation("test", AdminAction.KeysRotate, SubjectKinds.Installation, subject: null, TimeProvider.System), cancellationToken);

    public static SignedIn Me(UserId person) => new(person, default, Origin);

    public static Task<Membership> CreateAsync(this OrganizationAdmin admin, UserId owner, NewOrganization input, CancellationToken cancellationToken) =>
        admin.CreateAsync(Me(owner), input, cancellationToken);

    public static Task<Acceptance> AcceptAsync(this InvitationAdmin admin, UserId user, string? code, CancellationToken cancellationToken) =>
        admin.AcceptAsync(Me(user), code, cancellationToken);

    public static Task RenameAsync(this AccountAdmin admin, UserId user, string? name, CancellationToken cancellationToken) => admin.RenameAsync(Me(user), name, cancellationToken);

    public static Task LinkAsync(this AccountAdmin admin, UserId user, ExternalIdentity given, CancellationToken cancellationToken) => admin.LinkAsync(Me(user), given, cancellationToken);

    public static Task UnlinkAsync(this AccountAdmin admin, UserId user, string issuer, string subject, CancellationToken cancellationToken) =>
        admin.UnlinkAsync(Me(user), issuer, subject, cancellationToken);

    public static Task<SignInOutcome> SignInAsync(this Accounts accounts, ExternalIdentity given, CancellationToken cancellationToken) => accounts.SignInAsync(given, Origin, cancellationToken);
}
