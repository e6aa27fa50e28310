using System.Globalization;
using Mcpx.Bench.Processes;
using Mcpx.Bench.Wire;

namespace Mcpx.Bench.Runner;

/// <summary>What to measure and how long; the defaults are for figures, <see cref="Quick"/> only shows that all of it works.</summary>
internal sealed record RunOptions
{
    public const string Usage = """
        Mcpx.Bench run [options]
          --quick                   few calls, one round: a smoke test, no figures
          --configurations LIST     of direct,passthrough,mcpx,bridge-to-session,bridge-to-stateless,virtual,virtual-bridge
                                    (default: all)
          --parts LIST              of calls,starts,clients,lists,redaction (default: all); starts, clients and lists need the gateway
          --rounds N                repeats, medians are taken over them (default 5)
          --calls N                 calls per round at c=16 and c=64 (default 10000); c=1 makes half of it
          --warm-up N               calls before the first round, per configuration (default 60000)
          --clients N               open clients with sessions, 10000 at most (default 1000)
          --era stateless|session   protocol revision 2026-07-28 or 2025-11-25 (default stateless)
          --answer json|sse         shape of the answers (default json)
          --bytes N                 text in each answer (default 1024)
          --gateway PATH            published Mcpx.Web.dll or its directory (default: publish it now)
          --output DIR              where report.md and report.json go (default artifacts/bench)
        """;

    private const int MostClients = 10_000;

    public IReadOnlyList<string> Configurations { get; init; } = Configuration.All;

    public IReadOnlyList<string> Parts { get; init; } = RunParts.All;

    public int Rounds { get; init; } = 5;

    public long Calls { get; init; } = 10_000;

    public long WarmUpCalls { get; init; } = 60_000;

    /// <summary>The part of the warm-up after which the working set is read.</summary>
    public long MemoryCalls { get; init; } = 10_000;

    public IReadOnlyList<int> Concurrencies { get; init; } = [1, 16, 64];

    public int OpenCallsPerSecond { get; init; } = 500;

    public long OpenCalls { get; init; } = 1_000;

    public int ColdStarts { get; init; } = 3;

    public int Clients { get; init; } = 1_000;

    /// <summary>Calls on a fresh process before its memory counts as that of an idle one.</summary>
    public long ClientWarmUpCalls { get; init; } = 5_000;

    public int ListMembers { get; init; } = 50;

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

    public string Output { get; init; } = Path.Combine("artifacts", "bench");

    public bool UsesGateway => Configurations.Any(Configuration.IsGateways);

    public IReadOnlyList<Scenario> Scenarios =>
    [
        .. Concurrencies.Select(concurrency => new Scenario.Closed(concurrency, concurrency == 1 ? Math.Max(1, Calls / 2) : Calls)),
        new Scenario.Open(OpenCallsPerSecond, OpenCalls),
    ];

    public RunOptions Quick() => this with
    {
        Rounds = 1,
        Calls = 100,
        WarmUpCalls = 200,
        MemoryCalls = 100,
        Concurrencies = [1, 16],
        OpenCalls = 50,
        ColdStarts = 1,
        Clients = 20,
        ClientWarmUpCalls = 100,
        ListMembers = 5,
        Lists = 20,
        RedactionsEach = 20,
    };

    /// <exception cref="BenchException">Names the argument that was not understood.</exception>
    public static RunOptions Parse(IReadOnlyList<string> arguments)
    {
        // First, wherever it stands: the other options then refine it.
        var options = arguments.Contains("--quick") ? new RunOptions().Quick() : new RunOptions();
        var rest = new Queue<string>(arguments.Where(argument => argument != "--quick"));
        while (rest.TryDequeue(out var name))
            options = options.With(name, rest.TryDequeue(out var value) ? value : throw new BenchException($"{name} needs a value"));
        return options;
    }

    private RunOptions With(string name, string value) => name switch
    {
        "--configurations" => this with { Configurations = Known(name, value, Configuration.All) },
        "--parts" => this with { Parts = Known(name, value, RunParts.All) },
        "--rounds" => this with { Rounds = (int)Positive(name, value) },
        "--calls" => this with { Calls = Positive(name, value) },
        "--warm-up" => this with { WarmUpCalls = Positive(name, value) },
        "--clients" => this with { Clients = Positive(name, value) is var clients and <= MostClients ? (int)clients : throw new BenchException($"{name} wants {MostClients} at most") },
        "--era" => this with { Era = OneOf<WireEra>(name, value) },
        "--answer" => this with { Shape = OneOf<AnswerShape>(name, value) },
        "--bytes" => this with { AnswerBytes = (int)Math.Max(McpWire.SmallestAnswer, Positive(name, value)) },
        "--gateway" => this with { Gateway = value },
        "--output" => this with { Output = value },
        _ => throw new BenchException($"{name} is unknown\n{Usage}"),
    };

    private static string[] Known(string name, string value, IReadOnlyList<string> all)
    {
        var names = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var unknown = names.Except(all).FirstOrDefault();
        return unknown is null && names.Length > 0 ? names : throw new BenchException($"{name}: {unknown ?? "nothing"} is not one of {string.Join(", ", all)}");
    }

    private static long Positive(string name, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw new BenchException($"{name} wants a positive number, not {value}");

    private static T OneOf<T>(string name, string value)
        where T : struct, Enum =>
        Enum.GetNames<T>().Contains(value, StringComparer.OrdinalIgnoreCase)
            ? Enum.Parse<T>(value, ignoreCase: true)
            : throw new BenchException($"{name} wants {string.Join(" or ", Enum.GetNames<T>()).ToLowerInvariant()}, not {value}");
}
