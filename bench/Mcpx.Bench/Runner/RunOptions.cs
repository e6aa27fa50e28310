using System.Globalization;
using Mcpx.Bench.Baselines;
using Mcpx.Bench.Processes;
using Mcpx.Bench.Wire;

namespace Mcpx.Bench.Runner;

/// <param name="Share">Which part of <see cref="RunOptions.Calls"/> it gets: one in so many.</param>
internal sealed record AnswerSize(int Bytes, int Share);

/// <summary>What to measure and how long; the defaults are for figures, <see cref="Quick"/> only shows that all of it works.</summary>
internal sealed record RunOptions
{
    public const string Usage = """
        Mcpx.Bench run [options]
          --quick                   few calls, one round: a smoke test, no figures
          --full                    for publishing: open loops of 60 s, 1000 and 10000 clients, the scale part; hours
          --peers                   also mcp-proxy and supergateway from npm, as bench/peers pins them
          --configurations LIST     of direct,passthrough,nginx,mcpx,mcpx-metadata,bridge-to-session,bridge-to-stateless,
                                    virtual,virtual-bridge (default: all)
          --parts LIST              of calls,starts,clients,lists,redaction,snapshot (default: all but snapshot);
                                    starts, clients, lists and snapshot need the gateway
          --scenarios LIST          only those whose name contains one of these, e.g. c=16,500/s (default: all)
          --rounds N                repeats, medians are taken over them (default 5)
          --calls N                 calls per round at c=16 and c=64 (default 10000); c=1 makes half of it
          --warm-up N               calls before the first round, per configuration (default 60000)
          --seconds N               of each open loop (default 5)
          --clients LIST            open clients with sessions, 10000 at most (default 1000)
          --organizations N         in the database of the scale part (default 10000), with 20 servers each
          --era stateless|session   protocol revision 2026-07-28 or 2025-11-25 (default stateless)
          --answer json|sse         shape of the answers (default json)
          --bytes N                 text in each answer (default 1024)
          --gateway PATH            published Mcpx.Web.dll or its directory (default: publish it now)
          --against PATH            another published gateway, up at the same time: each way through it is measured in turn with the first's
          --against-variables LIST  NAME=VALUE,… in the environment of that other gateway (default of --against: the same as --gateway)
          --output DIR              where report.md and report.json go (default artifacts/bench)
        Mcpx.Bench micro [--filter GLOB] [BenchmarkDotNet's other options]
                                    single steps of a call's path
        """;

    private const int MostClients = 10_000;
    private const int MostOrganizations = 10_000;

    /// <summary>At once, where each answer is large or long.</summary>
    private const int FewCallers = 4;

    public IReadOnlyList<string> Configurations { get; init; } = Configuration.All;

    public bool WithPeers { get; init; }

    /// <summary>The configurations and the peers, in the order of the report.</summary>
    public IReadOnlyList<string> Everything => WithPeers ? [.. Configurations, .. Peer.All] : Configurations;

    public IReadOnlyList<string> Parts { get; init; } = RunParts.Usual;

    public int Rounds { get; init; } = 5;

    public long Calls { get; init; } = 10_000;

    public long WarmUpCalls { get; init; } = 60_000;

    /// <summary>The part of the warm-up after which the working set is read.</summary>
    public long MemoryCalls { get; init; } = 10_000;

    public IReadOnlyList<int> Concurrencies { get; init; } = [1, 16, 64];

    public IReadOnlyList<int> OpenRates { get; init; } = [200, Scenario.Open.UsualRate, 1_000];

    /// <summary>How long each open loop lasts.</summary>
    public int Seconds { get; init; } = 5;

    /// <summary>For how long the gateway or a peer has to be quiet before it is read: longer than between two turns of a journal's drain.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Overrides <see cref="Seconds"/> where nothing is to be learnt from the figures.</summary>
    public long? OpenCalls { get; init; }

    /// <summary>Sizes of answers beside <see cref="AnswerBytes"/>.</summary>
    public IReadOnlyList<AnswerSize> Sizes { get; init; } = [new(65_536, 10), new(1_048_576, 50)];

    public int EventCount { get; init; } = 100;

    public int ColdStarts { get; init; } = 3;

    public IReadOnlyList<int> Clients { get; init; } = [1_000];

    public int Organizations { get; init; } = MostOrganizations;

    /// <summary>Calls on a fresh process before its memory counts as that of an idle one.</summary>
    public long ClientWarmUpCalls { get; init; } = 5_000;

    /// <summary>Members of the virtual gateways; lists of as many tools are asked of single servers.</summary>
    public IReadOnlyList<int> ListMembers { get; init; } = [1, 50];

    public int ListToolsEach { get; init; } = 20;

    /// <summary>Lists per round, at each of <see cref="ListConcurrencies"/>; twice as many before the first.</summary>
    public long Lists { get; init; } = 500;

    public IReadOnlyList<int> ListConcurrencies { get; init; } = [1, 4];

    /// <summary>How often each payload is redacted in each round.</summary>
    public int RedactionsEach { get; init; } = 2_000;

    public WireEra Era { get; init; } = WireEra.Stateless;

    public AnswerShape Shape { get; init; } = AnswerShape.Json;

    public int AnswerBytes { get; init; } = 1024;

    public string? Gateway { get; init; }

    /// <summary>The gateway that it is compared with; null without one.</summary>
    public string? Against { get; init; }

    public IReadOnlyDictionary<string, string> AgainstVariables { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public bool HasOther => Against is not null || AgainstVariables.Count > 0;

    public string Output { get; init; } = Path.Combine("artifacts", "bench");

    public bool UsesGateway => Configurations.Any(Configuration.IsGateways);

    public IReadOnlyList<Scenario> Scenarios => [.. AllScenarios.Where(scenario => OnlyScenarios.Count == 0 || OnlyScenarios.Any(scenario.Name.Contains))];

    /// <summary>Parts of the names of those that are to run; empty for all.</summary>
    public IReadOnlyList<string> OnlyScenarios { get; init; } = [];

    private IReadOnlyList<Scenario> AllScenarios =>
    [
        .. Concurrencies.Select(concurrency => new Scenario.Closed(concurrency, concurrency == 1 ? Math.Max(1, Calls / 2) : Calls)),
        .. OpenRates.Select(rate => new Scenario.Open(rate, OpenCalls ?? (long)rate * Seconds)),
        .. Sizes.Select(size => new Scenario.Sized(size.Bytes, FewCallers, Math.Max(FewCallers, Calls / size.Share))),
        new Scenario.Events(EventCount, FewCallers, Math.Max(FewCallers, Calls / 10)),
    ];

    public RunOptions Quick() => this with
    {
        Rounds = 1,
        Calls = 100,
        WarmUpCalls = 200,
        MemoryCalls = 100,
        Concurrencies = [1, 16],
        OpenRates = [Scenario.Open.UsualRate],
        OpenCalls = 50,
        Settle = TimeSpan.FromMilliseconds(100),
        Sizes = [new(65_536, 10)],
        ColdStarts = 1,
        Clients = [20],
        Organizations = 20,
        ClientWarmUpCalls = 100,
        ListMembers = [5],
        Lists = 20,
        RedactionsEach = 20,
    };

    /// <summary>For figures that are published.</summary>
    public RunOptions Full() => this with { Seconds = 60, Clients = [1_000, MostClients], Parts = RunParts.All };

    /// <exception cref="BenchException">Names the argument that was not understood.</exception>
    public static RunOptions Parse(IReadOnlyList<string> arguments)
    {
        // First, wherever it stands: the other options then refine it.
        var options = new RunOptions { WithPeers = arguments.Contains("--peers") };
        if (arguments.Contains("--full")) options = options.Full();
        if (arguments.Contains("--quick")) options = options.Quick();
        var rest = new Queue<string>(arguments.Where(argument => argument is not ("--quick" or "--full" or "--peers")));
        while (rest.TryDequeue(out var name))
            options = options.With(name, rest.TryDequeue(out var value) ? value : throw new BenchException($"{name} needs a value"));
        return options;
    }

    private RunOptions With(string name, string value) => name switch
    {
        "--configurations" => this with { Configurations = Known(name, value, Configuration.All) },
        "--parts" => this with { Parts = Known(name, value, RunParts.All) },
        "--scenarios" when value.Split(',') is var parts && parts.All(part => AllScenarios.Any(scenario => scenario.Name.Contains(part, StringComparison.Ordinal))) => this with { OnlyScenarios = parts },
        "--scenarios" => throw new BenchException($"{name}: no scenario is named like one of {value}"),
        "--rounds" => this with { Rounds = (int)Positive(name, value) },
        "--calls" => this with { Calls = Positive(name, value) },
        "--warm-up" => this with { WarmUpCalls = Positive(name, value) },
        "--seconds" => this with { Seconds = (int)Positive(name, value), OpenCalls = null },
        "--clients" => this with { Clients = [.. value.Split(',').Select(one => AtMost(name, one, MostClients))] },
        "--organizations" => this with { Organizations = AtMost(name, value, MostOrganizations) },
        "--era" => this with { Era = OneOf<WireEra>(name, value) },
        "--answer" => this with { Shape = OneOf<AnswerShape>(name, value) },
        "--bytes" => this with { AnswerBytes = (int)Math.Max(McpWire.SmallestAnswer, Positive(name, value)) },
        "--gateway" => this with { Gateway = value },
        "--against" => this with { Against = value },
        "--against-variables" => this with { AgainstVariables = Pairs(name, value) },
        "--output" => this with { Output = value },
        _ => throw new BenchException($"{name} is unknown\n{Usage}"),
    };

    private static string[] Known(string name, string value, IReadOnlyList<string> all)
    {
        var names = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var unknown = names.Except(all).FirstOrDefault();
        return unknown is null && names.Length > 0 ? names : throw new BenchException($"{name}: {unknown ?? "nothing"} is not one of {string.Join(", ", all)}");
    }

    private static Dictionary<string, string> Pairs(string name, string value)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in value.Split(','))
        {
            if (pair.Split('=', 2) is not [{ Length: > 0 } variable, var text] || !pairs.TryAdd(variable, text)) throw new BenchException($"{name} wants NAME=VALUE, each name once, not {pair}");
        }
        return pairs;
    }

    private static long Positive(string name, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw new BenchException($"{name} wants a positive number, not {value}");

    private static int AtMost(string name, string value, int most) =>
        Positive(name, value) is var number && number <= most ? (int)number : throw new BenchException($"{name} wants {most} at most");

    private static T OneOf<T>(string name, string value)
        where T : struct, Enum =>
        Enum.GetNames<T>().Contains(value, StringComparer.OrdinalIgnoreCase)
            ? Enum.Parse<T>(value, ignoreCase: true)
            : throw new BenchException($"{name} wants {string.Join(" or ", Enum.GetNames<T>()).ToLowerInvariant()}, not {value}");
}
