using System.Text.Json;
using System.Text.RegularExpressions;

namespace Mcpx.Tests.Conformance;

/// <summary>One check of the suite; a scenario may make the same one several times.</summary>
internal sealed record ConformanceCheck(string Scenario, string Id, string Name, int Occurrence);

/// <summary>What one run of the suite found.</summary>
/// <param name="Scenarios">In the order in which the suite ran them.</param>
/// <param name="NotScored">Scenario → why the revision does not count it (<c>extension</c>, <c>pending</c>, <c>added-after-release</c>).</param>
/// <param name="Errors">What the suite said about checks that did not succeed.</param>
internal sealed partial record ConformanceResult(
    IReadOnlyList<string> Scenarios,
    IReadOnlyDictionary<string, string> NotScored,
    IReadOnlyDictionary<ConformanceCheck, string> Statuses,
    IReadOnlyDictionary<ConformanceCheck, string> Errors)
{
    public const string Success = "SUCCESS";
    private static readonly string[] Judgements = [Success, "WARNING", "FAILURE"];

    /// <summary>Reads the folder that the suite's <c>--output-dir</c> names, and what it printed.</summary>
    public static ConformanceResult Read(string folder, string output)
    {
        var summary = output[output.IndexOf("=== SUMMARY", StringComparison.Ordinal)..];
        var statuses = new Dictionary<ConformanceCheck, string>();
        var errors = new Dictionary<ConformanceCheck, string>();
        foreach (var file in Directory.GetFiles(folder, "checks.json", SearchOption.AllDirectories))
        {
            var scenario = FolderName().Match(Path.GetFileName(Path.GetDirectoryName(file)!)).Groups["scenario"].Value;
            using var checks = JsonDocument.Parse(File.ReadAllBytes(file));
            foreach (var check in checks.RootElement.EnumerateArray())
            {
                var key = new ConformanceCheck(scenario, TextOf(check, "id"), TextOf(check, "name"), 1);
                while (statuses.ContainsKey(key)) key = key with { Occurrence = key.Occurrence + 1 };
                statuses[key] = TextOf(check, "status");
                errors[key] = TextOf(check, "errorMessage");
            }
        }

        return new ConformanceResult(
            [.. Verdict().Matches(summary).Select(match => match.Groups["scenario"].Value)],
            Reason().Matches(summary).ToDictionary(match => match.Groups["scenario"].Value, match => match.Groups["reason"].Value),
            statuses,
            errors);
    }

    public int Passed(string scenario) => Statuses.Count(check => check.Key.Scenario == scenario && check.Value == Success);

    /// <summary>Checks that were judged: the suite's notes and what it skipped are no judgement.</summary>
    public int Judged(string scenario) => Statuses.Count(check => check.Key.Scenario == scenario && Judgements.Contains(check.Value));

    public string ScenarioOf(string check) => Statuses.Keys.First(key => key.Id == check).Scenario;

    /// <summary>What succeeds here and not there, in the suite's words.</summary>
    /// <param name="except">Ids of checks that are not looked at.</param>
    public IEnumerable<string> LostIn(ConformanceResult other, params IEnumerable<string> except) =>
        from check in Statuses
        where check.Value == Success && other.Statuses.GetValueOrDefault(check.Key) != Success && !except.Contains(check.Key.Id)
        let found = other.Statuses.GetValueOrDefault(check.Key, "not made")
        select $"{check.Key.Scenario}: {check.Key.Id} ({check.Key.Name}) is {found} {other.Errors.GetValueOrDefault(check.Key)}".TrimEnd();

    private static string TextOf(JsonElement check, string member) =>
        check.TryGetProperty(member, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString()! : "";

    [GeneratedRegex(@"^server-(?<scenario>.+)-\d{4}-\d\d-\d\dT", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex FolderName();

    [GeneratedRegex(@"^[✓✗] (?<scenario>\S+): \d+ passed", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Verdict();

    [GeneratedRegex(@"^  [✓✗] (?<scenario>\S+) \((?<reason>\S+)\)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Reason();
}
