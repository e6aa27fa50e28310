using Mcpx.Data;

namespace Mcpx.Web.Hosting;

/// <summary>How the operator says that the database is reached.</summary>
/// <param name="Owner"><c>ConnectionStrings__Mcpx</c>: the owner of the schema.</param>
/// <param name="App"><c>ConnectionStrings__McpxApp</c>: a login of the operator's own for people and the API; null lets the migration make one.</param>
/// <param name="Engine"><c>ConnectionStrings__McpxEngine</c>: the same for what serves the whole installation.</param>
/// <param name="Migrate"><c>MCPX_MIGRATE</c>: false leaves the schema to <c>mcpx migrate</c>.</param>
internal sealed record DatabaseSettings(string? Owner, string? App, string? Engine, bool Migrate)
{
    public bool IsEmbedded => Owner is null && App is null;

    public DatabaseConnections Connections => new(Migrate ? Owner : null, App, Engine);

    public static DatabaseSettings Read(IConfiguration configuration, List<string> mistakes)
    {
        string? owner = Text(configuration.GetConnectionString("Mcpx"));
        string? app = Text(configuration.GetConnectionString("McpxApp"));
        string? engine = Text(configuration.GetConnectionString("McpxEngine"));
        if (!bool.TryParse(Text(configuration["MCPX_MIGRATE"]) ?? "true", out bool migrate)) mistakes.Add("MCPX_MIGRATE must be true or false.");
        if (app is null != engine is null) mistakes.Add("ConnectionStrings__McpxApp and ConnectionStrings__McpxEngine go together: set both, or none to let the migration make the logins.");
        if (app is not null && migrate && owner is null)
            mistakes.Add("ConnectionStrings__Mcpx is not set: the owner's connection migrates the schema. Set it, or MCPX_MIGRATE=false where another process runs `migrate`.");
        if (app is null && !migrate) mistakes.Add("MCPX_MIGRATE=false needs ConnectionStrings__McpxApp and ConnectionStrings__McpxEngine: without the owner nobody can look up the logins that the migration made.");
        return new DatabaseSettings(owner, app, engine, migrate);
    }

    /// <summary>The connections hold passwords.</summary>
    public override string ToString() => nameof(DatabaseSettings);

    private static string? Text(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();
}
