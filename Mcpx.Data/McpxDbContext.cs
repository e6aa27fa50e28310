using Mcpx.Core.Primitives;
using Mcpx.Data.Credentials;
using Mcpx.Data.Gateways;
using Mcpx.Data.Governance;
using Mcpx.Data.Identity;
using Mcpx.Data.Servers;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Mcpx.Data;

/// <summary>The ordinary tables. Calls are no part of it: see <c>Timeseries/</c>.</summary>
internal sealed class McpxDbContext(DbContextOptions<McpxDbContext> options) : DbContext(options)
{
    public DbSet<OrganizationRow> Organizations => Set<OrganizationRow>();

    public DbSet<UserRow> Users => Set<UserRow>();

    public DbSet<MemberRow> Members => Set<MemberRow>();

    public DbSet<SignInLinkRow> SignInLinks => Set<SignInLinkRow>();

    public DbSet<TokenRow> Tokens => Set<TokenRow>();

    public DbSet<ServerRow> Servers => Set<ServerRow>();

    public DbSet<ServerCatalogRow> ServerCatalogs => Set<ServerCatalogRow>();

    public DbSet<GatewayRow> Gateways => Set<GatewayRow>();

    public DbSet<GatewayMemberRow> GatewayMembers => Set<GatewayMemberRow>();

    public DbSet<CredentialRow> Credentials => Set<CredentialRow>();

    public DbSet<ToolRuleRow> ToolRules => Set<ToolRuleRow>();

    public DbSet<DataProtectionKeyRow> DataProtectionKeys => Set<DataProtectionKeyRow>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<OrganizationId>().HaveConversion<EntityIdConverter<OrganizationId>>();
        configurationBuilder.Properties<UserId>().HaveConversion<EntityIdConverter<UserId>>();
        configurationBuilder.Properties<TokenId>().HaveConversion<EntityIdConverter<TokenId>>();
        configurationBuilder.Properties<ServerId>().HaveConversion<EntityIdConverter<ServerId>>();
        configurationBuilder.Properties<GatewayId>().HaveConversion<EntityIdConverter<GatewayId>>();
        configurationBuilder.Properties<ToolRuleId>().HaveConversion<EntityIdConverter<ToolRuleId>>();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(McpxDbContext).Assembly);
        foreach (IMutableEntityType entity in modelBuilder.Model.GetEntityTypes())
            NameLikePostgres(entity);
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
