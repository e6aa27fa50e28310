namespace Mcpx.Data.Embedded;

/// <summary>Given on the command line at each start, so that an older cluster gets the settings of a newer mcpx.</summary>
internal static class ServerSettings
{
    public static Dictionary<string, string> For(EmbeddedPostgresOptions options)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // Nobody reaches this server but through the socket in a folder that only its account and root can enter.
            ["listen_addresses"] = "",
            ["port"] = "5432",
            ["unix_socket_permissions"] = "0700",
            ["password_encryption"] = "scram-sha-256",
            ["cluster_name"] = "mcpx",
            ["timezone"] = "UTC",
            ["log_timezone"] = "UTC",
            ["logging_collector"] = "off",
            ["log_destination"] = "stderr",
            ["log_line_prefix"] = "",
            // Statements and details carry tool arguments and personal data, which have no place in a log.
            ["log_min_error_statement"] = "panic",
            ["log_error_verbosity"] = "terse",
            // Small, for a machine that also runs everything else.
            ["shared_buffers"] = "64MB",
            ["max_connections"] = "60",
            ["max_wal_size"] = "512MB",
            ["huge_pages"] = "off",
            ["jit"] = "off",
        };
        if (options.Throwaway)
        {
            foreach (var name in (string[])["fsync", "synchronous_commit", "full_page_writes", "autovacuum"]) settings[name] = "off";
            settings["wal_level"] = "minimal";
            settings["max_wal_senders"] = "0";
            // Each test database has its own connection pool.
            settings["max_connections"] = "300";
        }

        foreach (var (name, value) in options.Settings) settings[name] = value;
        return settings;
    }
}
