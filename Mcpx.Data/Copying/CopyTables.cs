namespace Mcpx.Data.Copying;

/// <summary>A table that is copied as it is.</summary>
/// <param name="Columns">Quoted, for a list.</param>
/// <param name="Shape">Names and types of all columns: the same on both sides.</param>
internal sealed record CopyTable(string Name, string Columns, string Shape)
{
    public string Read => $"SELECT {Columns} FROM {Name}";

    public string Write => $"{Name} ({Columns})";
}

/// <summary>Which tables are copied, and in which order: out of the catalogue, so that a new one needs no word here.</summary>
internal static class CopyTables
{
    // Apart: what says how the schema was made and who logs in is each database's own, and roll-ups are kept otherwise on each edition.
    private const string Sql = """
        SELECT c.relname::text, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname), string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attname)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND c.relname NOT LIKE 'schema\_%' AND c.relname <> 'database_logins' AND c.relname NOT LIKE 'metric\_rollup\_%' AND c.relname NOT LIKE 'metric\_caller\_rollup\_%'
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        GROUP BY c.relname ORDER BY c.relname
        """;

    private const string References = """
        SELECT f.relname::text, t.relname::text FROM pg_constraint r JOIN pg_class f ON f.oid = r.conrelid JOIN pg_class t ON t.oid = r.confrelid
        WHERE r.contype = 'f' AND r.conparentid = 0 AND r.conrelid <> r.confrelid AND f.relnamespace = 'public'::regnamespace
        """;

    private const string Sequences = "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace ORDER BY 1";

    public static Task<List<CopyTable>> ListAsync(CopySide side, CancellationToken cancellationToken) =>
        side.ListAsync(Sql, r => new CopyTable(r.GetString(0), r.GetString(1), r.GetString(2)), cancellationToken);

    /// <summary>Each table behind those that its foreign keys name, which are checked as rows come in.</summary>
    /// <exception cref="DatabaseStartException">The sides have not the same tables.</exception>
    public static async Task<IReadOnlyList<CopyTable>> ListBothAsync(CopySide source, CopySide target, CancellationToken cancellationToken)
    {
        List<CopyTable> tables = await ListAsync(target, cancellationToken), theirs = await ListAsync(source, cancellationToken);
        string[] odd = [.. tables.Except(theirs).Concat(theirs.Except(tables)).Select(t => t.Name).Distinct().Order(StringComparer.Ordinal)];
        if (odd.Length > 0) throw new DatabaseStartException($"The source has other tables or columns than this release makes: {string.Join(", ", odd)}. Copy what is not the gateway's by other means, and take it away first.");
        return InOrder(tables, await target.ListAsync(References, r => (From: r.GetString(0), To: r.GetString(1)), cancellationToken));
    }

    /// <summary>Numbers go on where they were.</summary>
    public static async Task CopySequencesAsync(CopySide source, CopySide target, CancellationToken cancellationToken)
    {
        foreach (string sequence in await source.ListAsync(Sequences, r => r.GetString(0), cancellationToken))
        {
            (long last, bool called) = (await source.ListAsync($"SELECT last_value, is_called FROM {sequence}", r => (r.GetInt64(0), r.GetBoolean(1)), cancellationToken)).Single();
            await target.ExecuteAsync("SELECT setval(s, $2, $3) FROM to_regclass($1) s WHERE s IS NOT NULL", cancellationToken, sequence, last, called);
        }
    }

    internal static IReadOnlyList<CopyTable> InOrder(IReadOnlyList<CopyTable> tables, IReadOnlyList<(string From, string To)> references)
    {
        List<CopyTable> ordered = [], left = [.. tables];
        while (left.Count > 0)
        {
            CopyTable next = left.Find(t => references.All(r => r.From != t.Name || left.TrueForAll(l => l.Name != r.To)))
                ?? throw new InvalidOperationException($"Tables refer to each other in a circle, so that none can be copied first: {string.Join(", ", left.Select(t => t.Name))}.");
            ordered.Add(next);
            left.Remove(next);
        }

        return ordered;
    }
}
