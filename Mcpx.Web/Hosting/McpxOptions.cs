using System.Globalization;
using System.Net;
using Mcpx.Core.Calls.Journal;
using Mcpx.Core.Egress;
using Mcpx.Core.Health;
using Mcpx.Core.Notifications;
using Mcpx.Core.Servers;
using Mcpx.Web.Authentication.Providers;
using Mcpx.Web.Hosting.Telemetry;

namespace Mcpx.Web.Hosting;

public enum WelcomeForm
{
    None,

    /// <summary>For people: what <c>./run</c> shows.</summary>
    Text,

    /// <summary>One line for programs: <c>MCPX_READY {json}</c>.</summary>
    Json,
}

/// <summary>What an operator sets, read from environment and configuration under the names given here.</summary>
internal sealed record McpxOptions
{
    private const string DefaultDataDirectory = ".mcpx";
    private const string DefaultUrl = "http://localhost:3000";

    /// <summary>Where the state is; in the embedded profile the owner is known once its database was started.</summary>
    public required DatabaseSettings Database { get; init; }

    /// <summary>The gateway runs its own PostgreSQL; stays true when its connection is known.</summary>
    public bool IsEmbedded { get; init; }

    /// <summary><c>MCPX_DATA</c>: where the embedded profile keeps its cluster and keys.</summary>
    public required string DataDirectory { get; init; }

    /// <summary><c>MCPX_JOURNAL</c>: where finished calls wait for the database; and <c>MCPX_JOURNAL_BUDGET</c>, in MiB.</summary>
    public required JournalSettings Journal { get; init; }

    /// <summary><c>EXPORT_DIRECTORY</c>: where scheduled exports that name no store are written; null allows none of those.</summary>
    public string? ExportDirectory { get; init; }

    /// <summary><c>PUBLIC_URL</c>: the address that clients use. Every URL that we print is made from it, never from a header.</summary>
    public required Uri PublicUrl { get; init; }

    /// <summary><c>ENCRYPTION_KEY</c>: base64 keys of 32 bytes or more, separated by commas, newest first.</summary>
    public string? EncryptionKey { get; init; }

    /// <summary>There was only <c>JWT_SECRET</c> to make a key of.</summary>
    public bool JwtSecretStandsIn { get; init; }

    /// <summary><c>EGRESS_ALLOW</c>: CIDR ranges that servers may be at besides the public internet.</summary>
    public string? EgressAllow { get; init; }

    /// <summary><c>TRUSTED_PROXIES</c>: addresses and CIDR ranges whose <c>X-Forwarded-For</c> is believed.</summary>
    public string? TrustedProxies { get; init; }

    /// <summary><c>MCPX_DEMO_URL</c>: where the demo servers listen; null leaves them out.</summary>
    public Uri? DemoUrl { get; init; }

    /// <summary><c>MCPX_WELCOME</c>: <c>text</c>, <c>json</c> or <c>none</c>.</summary>
    public WelcomeForm Welcome { get; init; }

    /// <summary><c>MCPX_MAX_CALLS</c>: calls under way on this replica at most, and as many standing streams.</summary>
    public int MaxCalls { get; init; } = GlobalLimit.Default;

    /// <summary><c>MCPX_MAX_TESTS</c>: connection tests that one organisation may run a minute on this replica.</summary>
    public int MaxTests { get; init; } = ConnectionTestLimit.Default;

    /// <summary><c>GOOGLE_…</c>, <c>GITHUB_…</c>, <c>MICROSOFT_…</c>, <c>OIDC_…</c>, <c>SIGN_IN_DOMAINS</c>: how people sign in.</summary>
    public SignInSettings SignIn { get; init; } = SignInSettings.None;

    /// <summary><c>SMTP_URL</c> and <c>SMTP_FROM</c>: where mail goes out; null leaves handing over links to people.</summary>
    public MailSettings? Mail { get; init; }

    /// <summary><c>METRICS_…</c> and <c>OTEL_…</c>: who hears of figures, traces and logs.</summary>
    public TelemetrySettings Telemetry { get; init; } = TelemetrySettings.Off;

    /// <exception cref="ConfigurationException">Names every mistake at once, each with the key to change.</exception>
    public static McpxOptions Read(IConfiguration configuration, bool isProduction)
    {
        List<string> mistakes = [];
        DatabaseSettings database = DatabaseSettings.Read(configuration, mistakes);
        bool ownDatabase = !database.IsEmbedded && isProduction;
        Uri? publicUrl = ReadUrl(configuration, "PUBLIC_URL", DefaultPublicUrl(configuration), mistakes);
        Uri? demoUrl = ReadUrl(configuration, "MCPX_DEMO_URL", null, mistakes);
        KeySettings keys = new KeyReader(configuration, mistakes).Read(database.IsEmbedded, isRequired: ownDatabase);
        string? egress = Text(configuration["EGRESS_ALLOW"]);
        Attempt(mistakes, "EGRESS_ALLOW", "CIDR ranges such as 10.0.0.0/8,fd00::/8", () => AddressGuard.FromConfiguration(egress));
        string? proxies = Text(configuration["TRUSTED_PROXIES"]);
        Attempt(mistakes, "TRUSTED_PROXIES", "addresses and CIDR ranges of proxies such as 10.0.0.7,fd00::/64, and not all addresses", () => Hosting.TrustedProxies.Parse(proxies));
        bool welcomeKnown = Enum.TryParse(Text(configuration["MCPX_WELCOME"]) ?? nameof(WelcomeForm.None), ignoreCase: true, out WelcomeForm welcome) && Enum.IsDefined(welcome);
        if (!welcomeKnown) mistakes.Add("MCPX_WELCOME must be text, json or none.");
        int maxCalls = ReadCount(configuration, "MCPX_MAX_CALLS", GlobalLimit.Default, GlobalLimit.Largest, mistakes);
        int maxTests = ReadCount(configuration, "MCPX_MAX_TESTS", ConnectionTestLimit.Default, ConnectionTestLimit.Largest, mistakes);
        SignInSettings signIn = new SignInReader(configuration, mistakes).Read(needsProvider: ownDatabase);
        MailSettings? mail = ReadMail(configuration, mistakes);
        string dataDirectory = DataDirectoryOf(configuration);
        JournalSettings journal = ReadJournal(configuration, dataDirectory, mistakes);
        string? exports = Text(configuration["EXPORT_DIRECTORY"]);
        if (exports is not null && !Path.IsPathFullyQualified(exports)) mistakes.Add("EXPORT_DIRECTORY must be a whole path such as /var/lib/mcpx/exports.");
        TelemetrySettings telemetry = TelemetrySettings.Read(configuration, mistakes);
        if (mistakes.Count > 0) throw new ConfigurationException(mistakes);

        return new McpxOptions
        {
            Database = database,
            IsEmbedded = database.IsEmbedded,
            DataDirectory = dataDirectory,
            Journal = journal,
            ExportDirectory = exports,
            PublicUrl = publicUrl!,
            EncryptionKey = keys.Keys,
            JwtSecretStandsIn = keys.JwtSecretStandsIn,
            EgressAllow = egress,
            TrustedProxies = proxies,
            DemoUrl = demoUrl,
            Welcome = welcome,
            MaxCalls = maxCalls,
            MaxTests = maxTests,
            SignIn = signIn,
            Mail = mail,
            Telemetry = telemetry,
        };
    }

    public static string DataDirectoryOf(IConfiguration configuration) => Path.GetFullPath(Text(configuration["MCPX_DATA"]) ?? DefaultDataDirectory);

    /// <summary>On a developer's machine the address we listen on is the address that clients use.</summary>
    private static string DefaultPublicUrl(IConfiguration configuration)
    {
        string? first = Text(configuration["urls"])?.Split(';')[0];
        return first is not null && Uri.TryCreate(first, UriKind.Absolute, out Uri? url) && (url.IsLoopback || IPAddress.TryParse(url.Host, out _)) && url.Port != 0
            ? $"{url.Scheme}://{(url.IsLoopback ? url.Host : "localhost")}:{url.Port}"
            : DefaultUrl;
    }

    private static Uri? ReadUrl(IConfiguration configuration, string key, string? fallback, List<string> mistakes)
    {
        string? text = Text(configuration[key]) ?? fallback;
        if (text is null) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url is { Scheme: "http" or "https", Query: "", UserInfo: "" }) return url;
        mistakes.Add($"{key} must be an http(s) address such as https://mcp.example.com.");
        return null;
    }

    private static int ReadCount(IConfiguration configuration, string key, int fallback, int largest, List<string> mistakes)
    {
        string text = Text(configuration[key]) ?? fallback.ToString(CultureInfo.InvariantCulture);
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= 1 && count <= largest) return count;
        mistakes.Add($"{key} must be a whole number from 1 to {largest}.");
        return fallback;
    }

    private static JournalSettings ReadJournal(IConfiguration configuration, string dataDirectory, List<string> mistakes)
    {
        const long Smallest = JournalSettings.SmallestBudget >> 20, Largest = JournalSettings.LargestBudget >> 20;
        string budget = Text(configuration["MCPX_JOURNAL_BUDGET"]) ?? (JournalSettings.DefaultBudget >> 20).ToString(CultureInfo.InvariantCulture);
        if (!long.TryParse(budget, NumberStyles.None, CultureInfo.InvariantCulture, out long mebibytes) || mebibytes is < Smallest or > Largest)
            mistakes.Add($"MCPX_JOURNAL_BUDGET must be a whole number of MiB from {Smallest} to {Largest}.");
        return new JournalSettings(Path.GetFullPath(Text(configuration["MCPX_JOURNAL"]) ?? Path.Combine(dataDirectory, "journal")), mebibytes << 20);
    }

    private static MailSettings? ReadMail(IConfiguration configuration, List<string> mistakes)
    {
        string? url = Text(configuration["SMTP_URL"]);
        string? from = Text(configuration["SMTP_FROM"]);
        if (url is null && from is not null) mistakes.Add("SMTP_FROM is set, but SMTP_URL is not: no mail would be sent.");
        if (url is null) return null;
        try
        {
            return MailSettings.Parse(url, from);
        }
        catch (FormatException e)
        {
            mistakes.Add(e.Message);
            return null;
        }
    }

    private static void Attempt(List<string> mistakes, string key, string expected, Func<object?> read)
    {
        try
        {
            read();
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            mistakes.Add($"{key} must hold {expected}.");
        }
    }

    private static string? Text(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();
}

/// <summary>The installation is set up wrongly; the message is for the operator and names the mend.</summary>
internal sealed class ConfigurationException(IReadOnlyList<string> mistakes) : Exception(string.Join(Environment.NewLine, mistakes));
