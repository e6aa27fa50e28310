using System.Linq.Expressions;
using Mcpx.Core.Primitives;
using Mcpx.Data.Audit;
using Mcpx.Data.Audit.Chain;
using Mcpx.Data.Calls.Retention;
using Mcpx.Data.Calls;
using Mcpx.Data.Changes;
using Mcpx.Data.Credentials;
using Mcpx.Data.Gateways;
using Mcpx.Data.Governance;
using Mcpx.Data.Identity;
using Mcpx.Data.Jobs;
using Mcpx.Data.Redaction;
using Mcpx.Data.Servers;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Mcpx.Data;

/// <summary>The ordinary tables, within a scope. Calls are no part of it: see <c>Timeseries/</c>.</summary>
internal sealed class McpxDbContext(DbContextOptions<McpxDbContext> options, DataScope scope) : DbContext(options)
{
    private const string TenantFilter = "tenant";

    /// <summary>Whose rows this is for.</summary>
    public DataScope Scope { get; } = scope;

    /// <summary>Audit entries of the open transaction, which get their links when it commits.</summary>
    public List<NewLink> Unlinked { get; } = [];

    public DbSet<OrganizationRow> Organizations => Set<OrganizationRow>();

    public DbSet<UserRow> Users => Set<UserRow>();

    public DbSet<MemberRow> Members => Set<MemberRow>();

    public DbSet<SignInLinkRow> SignInLinks => Set<SignInLinkRow>();

    public DbSet<TokenRow> Tokens => Set<TokenRow>();

    public DbSet<TokenPepperRow> TokenPeppers => Set<TokenPepperRow>();

    public DbSet<ExternalLoginRow> ExternalLogins => Set<ExternalLoginRow>();

    public DbSet<GroupRoleRow> GroupRoles => Set<GroupRoleRow>();

    public DbSet<SessionRow> Sessions => Set<SessionRow>();

    public DbSet<InvitationRow> Invitations => Set<InvitationRow>();

    public DbSet<ServiceAccountRow> ServiceAccounts => Set<ServiceAccountRow>();

    public DbSet<ServiceAccountSecretRow> ServiceAccountSecrets => Set<ServiceAccountSecretRow>();

    public DbSet<ClientAssertionRow> ClientAssertions => Set<ClientAssertionRow>();

    public DbSet<SigningKeyRow> SigningKeys => Set<SigningKeyRow>();

    public DbSet<RevocationRow> Revocations => Set<RevocationRow>();

    public DbSet<AdminEntryRow> AdminEntries => Set<AdminEntryRow>();

    public DbSet<JobRow> Jobs => Set<JobRow>();

    public DbSet<ServerRow> Servers => Set<ServerRow>();

    public DbSet<ServerCatalogRow> ServerCatalogs => Set<ServerCatalogRow>();

    public DbSet<GatewayRow> Gateways => Set<GatewayRow>();

    public DbSet<GatewayMemberRow> GatewayMembers => Set<GatewayMemberRow>();

    public DbSet<CredentialRow> Credentials => Set<CredentialRow>();

    public DbSet<ToolRuleRow> ToolRules => Set<ToolRuleRow>();

    public DbSet<CallLimitRow> CallLimits => Set<CallLimitRow>();

    public DbSet<SavedFilterRow> SavedFilters => Set<SavedFilterRow>();

    public DbSet<ScheduledExportRow> ScheduledExports => Set<ScheduledExportRow>();

    public DbSet<LogStreamRow> LogStreams => Set<LogStreamRow>();

    public DbSet<ServerPinRow> ServerPins => Set<ServerPinRow>();

    public DbSet<ToolPinRow> ToolPins => Set<ToolPinRow>();

    public DbSet<PolicyEngineRow> PolicyEngines => Set<PolicyEngineRow>();

    public DbSet<RedactionRulesRow> RedactionRules => Set<RedactionRulesRow>();

    public DbSet<ServerRedactionRow> ServerRedactions => Set<ServerRedactionRow>();

    public DbSet<RedactionKeyRow> RedactionKeys => Set<RedactionKeyRow>();

    public DbSet<LegalHoldRow> LegalHolds => Set<LegalHoldRow>();

    public DbSet<DataProtectionKeyRow> DataProtectionKeys => Set<DataProtectionKeyRow>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<OrganizationId>().HaveConversion<EntityIdConverter<OrganizationId>>();
        configurationBuilder.Properties<UserId>().HaveConversion<EntityIdConverter<UserId>>();
        configurationBuilder.Properties<TokenId>().HaveConversion<EntityIdConverter<TokenId>>();
        configurationBuilder.Properties<SessionId>().HaveConversion<EntityIdConverter<SessionId>>();
        configurationBuilder.Properties<InvitationId>().HaveConversion<EntityIdConverter<InvitationId>>();
        configurationBuilder.Properties<ServiceAccountId>().HaveConversion<EntityIdConverter<ServiceAccountId>>();
        configurationBuilder.Properties<ServiceAccountSecretId>().HaveConversion<EntityIdConverter<ServiceAccountSecretId>>();
        configurationBuilder.Properties<ServerId>().HaveConversion<EntityIdConverter<ServerId>>();
        configurationBuilder.Properties<GatewayId>().HaveConversion<EntityIdConverter<GatewayId>>();
        configurationBuilder.Properties<ToolRuleId>().HaveConversion<EntityIdConverter<ToolRuleId>>();
        configurationBuilder.Properties<CallLimitId>().HaveConversion<EntityIdConverter<CallLimitId>>();
        configurationBuilder.Properties<LegalHoldId>().HaveConversion<EntityIdConverter<LegalHoldId>>();
        configurationBuilder.Properties<SavedFilterId>().HaveConversion<EntityIdConverter<SavedFilterId>>();
        configurationBuilder.Properties<ScheduledExportId>().HaveConversion<EntityIdConverter<ScheduledExportId>>();
        configurationBuilder.Properties<LogStreamId>().HaveConversion<EntityIdConverter<LogStreamId>>();
        configurationBuilder.Properties<AdminEntryId>().HaveConversion<EntityIdConverter<AdminEntryId>>();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(McpxDbContext).Assembly);
        foreach (IMutableEntityType entity in modelBuilder.Model.GetEntityTypes())
        {
            NameLikePostgres(entity);
            if (OrganizationOf(entity) is { } organization) entity.SetQueryFilter(TenantFilter, FilterBy(entity, organization));
        }
    }

    public override int SaveChanges(bool acceptAllChangesOnSuccess)
    {
        RefuseForeignRows();
        return base.SaveChanges(acceptAllChangesOnSuccess);
    }

    public override Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        RefuseForeignRows();
        return base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
    }

    // Read by the filters at each query, so that one model serves every scope.
    private bool IsUnfiltered => Scope is not DataScope.Tenant;

    private OrganizationId Tenant => Scope is DataScope.Tenant tenant ? tenant.Organization : default;

    /// <summary>Filters are for reading: a row that is written must be looked at here. The database looks again.</summary>
    private void RefuseForeignRows()
    {
        if (Scope is not DataScope.Tenant tenant) return;
        foreach (EntityEntry entry in ChangeTracker.Entries())
        {
            if (entry.State is EntityState.Unchanged || OrganizationOf(entry.Metadata) is not { } property) continue;
            // The installation's own: the database says which of those this use may add.
            if (entry is { State: EntityState.Added, Entity: AdminEntryRow { OrgId: null } }) continue;
            if (!tenant.Organization.Equals(entry.Property(property).CurrentValue) || !tenant.Organization.Equals(entry.Property(property).OriginalValue))
                throw new InvalidOperationException($"A row of {entry.Metadata.GetTableName()} belongs to another organisation than the one this work is for.");
        }
    }

    /// <summary>The property that says whose a row is; null where rows are no organisation's.</summary>
    private static string? OrganizationOf(IReadOnlyEntityType entity) =>
        entity.ClrType == typeof(OrganizationRow) ? nameof(OrganizationRow.Id)
        : entity.FindProperty(nameof(MemberRow.OrgId)) is not null ? nameof(MemberRow.OrgId)
        : null;

    private LambdaExpression FilterBy(IReadOnlyEntityType entity, string organization)
    {
        ParameterExpression row = Expression.Parameter(entity.ClrType, "row");
        ConstantExpression context = Expression.Constant(this);
        MemberExpression owner = Expression.Property(row, organization);
        return Expression.Lambda(Expression.OrElse(
            Expression.Property(context, nameof(IsUnfiltered)),
            Expression.Equal(owner, Expression.Convert(Expression.Property(context, nameof(Tenant)), owner.Type))), row);
    }

    /// <summary>snake_case throughout: PostgreSQL wants every other spelling in quotes.</summary>
    private static void NameLikePostgres(IMutableEntityType entity)
    {
        foreach (IMutableProperty property in entity.GetProperties())
        {
            property.SetColumnName(ToSnakeCase(property.Name));
            // Rows' ids and times come from the caller, so that a test's clock and a retry decide them.
            property.ValueGenerated = ValueGenerated.Never;
        }

        foreach (IMutableKey key in entity.GetKeys())
            key.SetName(key.GetName()?.ToLowerInvariant());
        foreach (IMutableForeignKey key in entity.GetForeignKeys())
            key.SetConstraintName(key.GetConstraintName()?.ToLowerInvariant());
        foreach (IMutableIndex index in entity.GetIndexes())
            index.SetDatabaseName(index.GetDatabaseName()?.ToLowerInvariant());
    }

    private static string ToSnakeCase(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) ? (i == 0 ? "" : "_") + char.ToLowerInvariant(c) : c.ToString()));
}
