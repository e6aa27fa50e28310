using Npgsql;

namespace Mcpx.Data.Isolation;

/// <summary>Refuses to serve through a login that row-level security does not bind: it would look like protection.</summary>
internal static class LoginCheck
{
    private const string Sql = """
        SELECT concat_ws(', ',
            CASE WHEN r.rolsuper THEN 'is a superuser' END,
            CASE WHEN r.rolbypassrls THEN 'may bypass row-level security' END,
            CASE WHEN r.rolcreaterole THEN 'may create roles' END,
            CASE WHEN EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')
                              AND pg_has_role(c.relowner, 'MEMBER')) THEN 'owns tables, or may become who does' END)
        FROM pg_roles r WHERE r.rolname = current_user
        """;

    /// <exception cref="DatabaseStartException">It says what is wrong with the login, and the mend.</exception>
    public static async Task EnsureBoundAsync(NpgsqlDataSource app, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await app.OpenConnectionAsync(cancellationToken);
        await using NpgsqlCommand command = new(Sql, connection);
        string faults = (string)(await command.ExecuteScalarAsync(cancellationToken))!;
        if (faults.Length == 0) return;
        string name = new NpgsqlConnectionStringBuilder(app.ConnectionString).Username ?? "";
        throw new DatabaseStartException(
            $"The login {name} of ConnectionStrings__McpxApp {faults}: organisations would not be kept apart. Use one that only logs in, see docs/operations.md.");
    }
}
