using Npgsql;

namespace Mcpx.Tests.Isolation;

/// <summary>A table as PostgreSQL's catalogue tells it: one that a migration adds is tried without being named here.</summary>
/// <param name="Key">The column that says whose a row is; null for a table of the installation.</param>
/// <param name="Columns">Those that a new row must fill, and those that say whose it is.</param>
internal sealed record CatalogTable(string Name, string? Key, IReadOnlyDictionary<string, string> Columns)
{
    private const string Sql = """
        SELECT c.relname, a.attname, format_type(a.atttypid, null),
            (a.attnotnull AND NOT a.atthasdef AND a.attidentity = '') OR a.attname IN ('org_id', 'user_id')
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        ORDER BY c.relname, a.attnum
        """;

    /// <summary>The journal's, and what is rolled up from that: written by COPY, read through views. Row-level security is not what guards them.</summary>
    public bool IsAppended => Name is "calls" or "call_payloads" or "call_intents" or "call_intent_payloads" or "metric_events" || IsRollUp;

    /// <summary>Figures, which the owner's functions make of the journal's calls.</summary>
    public bool IsRollUp => Name.StartsWith("metric_rollup", StringComparison.Ordinal) || Name.StartsWith("metric_caller_rollup", StringComparison.Ordinal);

    /// <summary>The audit log: rows are added, and nobody who serves changes or removes one.</summary>
    public bool IsAppendOnly => Name is "admin_entries" || IsChain;

    public bool IsChain => Name is "audit_links" or "audit_checkpoints" or "audit_stubs";

    /// <summary>Tables that the object mapper does not know.</summary>
    public bool IsOfScripts => IsChain || Name is "metric_names";

    public bool IsTenant => Key == "org_id";

    public static async Task<IReadOnlyList<CatalogTable>> ReadAsync(NpgsqlDataSource owner, CancellationToken cancellationToken)
    {
        List<(string Table, string Column, string Type, bool Fill)> rows = [];
        await using NpgsqlCommand command = owner.CreateCommand(Sql);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) rows.Add((reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetBoolean(3)));
        return [.. rows.GroupBy(r => r.Table).Select(t => new CatalogTable(t.Key, KeyOf(t.Key, [.. t.Select(c => c.Column)]),
            t.Where(c => c.Fill).ToDictionary(c => c.Column, c => c.Type)))];
    }

    /// <summary>A row of this organisation and this person, whatever else has to stand in it.</summary>
    public string Insert(Tenant of) =>
        $"INSERT INTO {Name} ({string.Join(", ", Columns.Keys)}) VALUES ({string.Join(", ", Columns.Select(c => ValueOf(c.Key, c.Value, of)))})";

    private static string? KeyOf(string table, string[] columns) =>
        table is "organizations" or "users" ? "id"
        : columns.Contains("org_id") ? "org_id"
        : columns.Contains("user_id") ? "user_id"
        : null;

    private string ValueOf(string column, string type, Tenant of) => (Name, column) switch
    {
        (_, "org_id") or ("organizations", "id") => $"'{of.Organization}'",
        (_, "user_id") or ("users", "id") => $"'{of.User}'",
        _ when type.EndsWith("[]", StringComparison.Ordinal) => "'{}'",
        _ => type switch
        {
            "uuid" => "gen_random_uuid()",
            "text" or "character varying" => "md5(random()::text)",
            "bytea" => "decode(md5(random()::text), 'hex')",
            "smallint" or "integer" or "bigint" => "1",
            "boolean" => "false",
            "timestamp with time zone" => "now()",
            "json" or "jsonb" => "'{}'",
            _ => throw new NotSupportedException($"Say how a column of the type {type} is filled ({Name}.{column})."),
        },
    };
}

/// <summary>An organisation and its only member.</summary>
internal sealed record Tenant(Guid Organization, Guid User);
