using System.Globalization;
using System.Net;
using Mcpx.Core.Credentials;
using Mcpx.Core.Egress;
using Mcpx.Core.Health;

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

    /// <summary><c>ConnectionStrings__Mcpx</c>; null selects the embedded profile.</summary>
    public string? ConnectionString { get; init; }

    /// <summary><c>MCPX_DATA</c>: where the embedded profile keeps its cluster and keys.</summary>
    public required string DataDirectory { get; init; }

    /// <summary><c>PUBLIC_URL</c>: the address that clients use. Every URL that we print is made from it, never from a header.</summary>
    public required Uri PublicUrl { get; init; }

    /// <summary><c>ENCRYPTION_KEY</c>: base64 keys of 32 bytes or more, separated by commas, newest first.</summary>
    public string? EncryptionKey { get; init; }

    /// <summary><c>EGRESS_ALLOW</c>: CIDR ranges that servers may be at besides the public internet.</summary>
    public string? EgressAllow { get; init; }

    /// <summary><c>MCPX_DEMO_URL</c>: where the demo servers listen; null leaves them out.</summary>
    public Uri? DemoUrl { get; init; }

    /// <summary><c>MCPX_WELCOME</c>: <c>text</c>, <c>json</c> or <c>none</c>.</summary>
    public WelcomeForm Welcome { get; init; }

    /// <summary><c>MCPX_MAX_CALLS</c>: calls under way on this replica at most, and as many standing streams.</summary>
    public int MaxCalls { get; init; } = GlobalLimit.Default;

    public bool IsEmbedded => ConnectionString is null;

    /// <exception cref="ConfigurationException">Names every mistake at once, each with the key to change.</exception>
    public static McpxOptions Read(IConfiguration configuration, bool isProduction)
    {
        List<string> mistakes = [];
        string? connection = Text(configuration.GetConnectionString("Mcpx"));
        Uri? publicUrl = ReadUrl(configuration, "PUBLIC_URL", DefaultPublicUrl(configuration), mistakes);
        Uri? demoUrl = ReadUrl(configuration, "MCPX_DEMO_URL", null, mistakes);
        string? key = Text(configuration["ENCRYPTION_KEY"]);
        Attempt(mistakes, "ENCRYPTION_KEY", "base64 keys of at least 32 bytes, e.g. made by: openssl rand -base64 32", () => key is null ? null : KeyRing.Parse(key));
        if (key is null && connection is not null && isProduction)
            mistakes.Add("ENCRYPTION_KEY is not set. With an own database the keys are yours to keep; make one by: openssl rand -base64 32");
        string? egress = Text(configuration["EGRESS_ALLOW"]);
        Attempt(mistakes, "EGRESS_ALLOW", "CIDR ranges such as 10.0.0.0/8,fd00::/8", () => AddressGuard.FromConfiguration(egress));
        bool welcomeKnown = Enum.TryParse(Text(configuration["MCPX_WELCOME"]) ?? nameof(WelcomeForm.None), ignoreCase: true, out WelcomeForm welcome) && Enum.IsDefined(welcome);
        if (!welcomeKnown) mistakes.Add("MCPX_WELCOME must be text, json or none.");
        string maxCalls = Text(configuration["MCPX_MAX_CALLS"]) ?? GlobalLimit.Default.ToString(CultureInfo.InvariantCulture);
        if (!int.TryParse(maxCalls, NumberStyles.None, CultureInfo.InvariantCulture, out int most) || most is < 1 or > GlobalLimit.Largest)
            mistakes.Add($"MCPX_MAX_CALLS must be a whole number from 1 to {GlobalLimit.Largest}.");
        if (mistakes.Count > 0) throw new ConfigurationException(mistakes);

        return new McpxOptions
        {
            ConnectionString = connection,
            DataDirectory = Path.GetFullPath(Text(configuration["MCPX_DATA"]) ?? DefaultDataDirectory),
            PublicUrl = publicUrl!,
            EncryptionKey = key,
            EgressAllow = egress,
            DemoUrl = demoUrl,
            Welcome = welcome,
            MaxCalls = most,
        };
    }

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
