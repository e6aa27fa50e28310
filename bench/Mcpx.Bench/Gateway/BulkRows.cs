using System.Diagnostics;
using Mcpx.Bench.Processes;

namespace Mcpx.Bench.Gateway;

/// <summary>
/// Puts very many organisations into the gateway's database, by SQL and as its superuser: what is measured is a gateway
/// that has them, not how one makes them.
/// </summary>
internal static class BulkRows
{
    public const int ServersEach = 20;

    /// <summary>Text without quotes of its own: both numbers are ours.</summary>
    internal static string Sql(int organizations) => $"""
        begin;
        insert into organizations (id, name, slug, config_version, explain_refusals, new_servers_closed, recording, created_at)
        select gen_random_uuid(), 'Scale ' || n, 'scale-' || n, 1, false, false, 0, now() from generate_series(1, {organizations}) n;
        insert into servers (id, org_id, name, slug, description, url, enabled, governance_mode, governance_enforced, timeout_seconds, created_at, updated_at)
        select gen_random_uuid(), o.id, 'Server ' || n, 'server-' || n, '', 'https://mcp-' || n || '.example.com/mcp', true, 0, true, 60, now(), now()
        from organizations o, generate_series(1, {ServersEach}) n where o.slug like 'scale-%';
        commit;
        analyze organizations;
        analyze servers;
        """;

    public static async Task InsertAsync(GatewayProcess gateway, int organizations, CancellationToken cancellationToken)
    {
        var (socket, port, password) = gateway.DatabaseAccess();
        var start = new ProcessStartInfo("psql")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            Environment = { ["PGPASSWORD"] = password },
            ArgumentList = { "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", socket, "-p", port, "-U", "postgres", "-d", "mcpx" },
        };
        using var psql = Process.Start(start) ?? throw new BenchException("psql could not be started");
        await psql.StandardInput.WriteAsync(Sql(organizations).AsMemory(), cancellationToken);
        psql.StandardInput.Close();
        var problems = await psql.StandardError.ReadToEndAsync(cancellationToken);
        await psql.WaitForExitAsync(cancellationToken);
        if (psql.ExitCode != 0) throw new BenchException($"The organisations could not be inserted:\n{problems}");
    }
}
