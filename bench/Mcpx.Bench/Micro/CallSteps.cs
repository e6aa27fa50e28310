using System.Diagnostics.CodeAnalysis;
using System.Text;
using BenchmarkDotNet.Attributes;
using Mcpx.Bench.Load;
using Mcpx.Core.Credentials;
using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Protocol;

namespace Mcpx.Bench.Micro;

/// <summary>What is done for each call before it is forwarded, and one value into the generator's histogram.</summary>
[SuppressMessage("Design", "CA1001", Justification = "BenchmarkDotNet calls the clean-up.")]
public class CallSteps
{
    private const int Rules = 100;
    private const string Tool = "tool_99_find";

    private readonly LatencyHistogram _histogram = new();
    private byte[] _request = [];
    private ToolPolicy _names = null!;
    private ToolPolicy _conditions = null!;
    private CallerDirectory _callers = null!;
    private string _token = "";
    private long _latency;

    /// <summary>A request of 1 KB, a policy of a hundred patterns, and a token that was seen before.</summary>
    [GlobalSetup]
    public async Task SetUpAsync()
    {
        const string Meta = """{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"mcpx-bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}""";
        var arguments = $$"""{"amount":999,"query":"{{new string('q', 750)}}"}""";
        var body = $$"""{"jsonrpc":"2.0","id":100000000000,"method":"tools/call","params":{"name":"{{Tool}}","arguments":{{arguments}},"_meta":{{Meta}} } }""";
        _request = Encoding.UTF8.GetBytes(body);
        var condition = new ArgumentCondition("$.amount", ConditionOperator.LessOrEqual, ["1000"]);
        _names = PolicyOf(number => new ToolRule(default, $"tool_{number}_*"));
        _conditions = PolicyOf(number => new ToolRule(default, $"tool_{number}_*") { For = RuleAudience.Of(Role.Member), Conditions = [condition] });
        var keys = new KeyRing([[.. Enumerable.Range(1, KeyRing.MinimumKeyBytes).Select(value => (byte)value)]]);
        _token = TokenText.Create(TokenText.PersonalAccessTokenPrefix);
        _callers = new CallerDirectory(new OneToken(TimeProvider.System), new TokenHasher(keys), new ChangeFeed(), TimeProvider.System);
        if (await _callers.FindAsync(_token, CancellationToken.None) is null) throw new InvalidOperationException("The token is not known");
    }

    [GlobalCleanup]
    public void CleanUp() => _callers.Dispose();

    [Benchmark(Description = "strict reader, request of 1 KB")]
    public bool Read() => McpMessageReader.TryRead(_request, out _, out _, out _);

    [Benchmark(Description = "decision, 100 patterns")]
    public Decision DecideByName() => _names.Decide(new RuleSubject(Role.Member), Tool, _request);

    [Benchmark(Description = "decision, with a condition on an argument")]
    public Decision DecideByArgument() => _conditions.Decide(new RuleSubject(Role.Member), Tool, _request);

    [Benchmark(Description = "credential check, known token")]
    public ValueTask<Caller?> FindCaller() => _callers.FindAsync(_token, CancellationToken.None);

    [Benchmark(Description = "one value into the latency histogram")]
    public void Record() => _histogram.Record(_latency = (_latency + 7_919) % 10_000_000);

    private static ToolPolicy PolicyOf(Func<int, ToolRule> rule) =>
        new(new ServerGovernance(default, GovernanceMode.Allowlist, [.. Enumerable.Range(0, Rules).Select(rule)]));
}
