using System.Globalization;
using Microsoft.Extensions.Options;

namespace Mcpx.DemoServers;

/// <summary>What can be chosen from outside: <c>--port</c>, <c>--finance-key</c>, <c>--hr-token</c>, <c>--tickets-secret</c>, or the environment variables beside them.</summary>
internal sealed class DemoOptions
{
    public const string EnvironmentPrefix = "MCPX_DEMO_";

    /// <summary>The client of the tickets' authorization server.</summary>
    public const string TicketsClient = "demo-tickets-client";

    public static readonly Dictionary<string, string> Switches = new()
    {
        ["--port"] = "PORT",
        ["--finance-key"] = "FINANCE_KEY",
        ["--hr-token"] = "HR_TOKEN",
        ["--tickets-secret"] = "TICKETS_SECRET",
    };

    /// <summary>0 lets the system choose a free one.</summary>
    public int Port { get; private init; }

    public string FinanceKey { get; private init; } = "";

    public string HrToken { get; private init; } = "";

    public string TicketsSecret { get; private init; } = "";

    public static DemoOptions From(IConfiguration configuration)
    {
        List<string> mistakes = [];
        var port = configuration["PORT"] ?? "3100";
        if (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > 65535)
            mistakes.Add($"MCPX_DEMO_PORT (or --port) must be a number from 0 to 65535, not '{port}'.");

        var options = new DemoOptions
        {
            Port = number,
            FinanceKey = configuration["FINANCE_KEY"] ?? "demo-finance-key",
            HrToken = configuration["HR_TOKEN"] ?? "demo-hr-token",
            TicketsSecret = configuration["TICKETS_SECRET"] ?? "demo-tickets-secret",
        };
        // An empty secret would be matched by an empty header: a lock that any hand opens.
        if (options.FinanceKey.Length == 0)
            mistakes.Add("MCPX_DEMO_FINANCE_KEY (or --finance-key) must not be empty.");
        if (options.HrToken.Length == 0)
            mistakes.Add("MCPX_DEMO_HR_TOKEN (or --hr-token) must not be empty.");
        if (options.TicketsSecret.Length == 0)
            mistakes.Add("MCPX_DEMO_TICKETS_SECRET (or --tickets-secret) must not be empty.");

        return mistakes.Count == 0
            ? options
            : throw new OptionsValidationException(nameof(DemoOptions), typeof(DemoOptions), mistakes);
    }
}
