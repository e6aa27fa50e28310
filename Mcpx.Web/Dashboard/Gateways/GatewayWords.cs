using Mcpx.Core.Gateways;
using Mcpx.Core.Health;
using Mcpx.Core.Proxy.Gateways;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;

namespace Mcpx.Web.Dashboard.Gateways;

/// <summary>How the settings and the state of a gateway are said to people.</summary>
internal static class GatewayWords
{
    private const int MostNames = 3;

    public static string WhileMissing(FailureMode mode) => mode is FailureMode.Closed
        ? "refuses lists and calls until it is back"
        : "serves the others and says what is missing";

    public static string Members(IReadOnlyList<MemberDetails> members) => Names([.. members.Select(m => m.Server.Slug)]);

    /// <summary>All members in one word, and whether that is good.</summary>
    public static (Tone Tone, string Word) Sum(IReadOnlyList<MemberHealth> members)
    {
        if (members.Count == 0) return (Tone.Warning, "no members");
        string Share(int count, string what) => $"{count:N0} of {members.Count:N0} {what}";
        return (members.Count(IsMissing), members.Count(IsFailing), members.Count(IsStale)) switch
        {
            ( > 0 and var missing, _, _) => (Tone.Bad, Share(missing, "missing")),
            (_, > 0 and var failing, _) => (Tone.Bad, Share(failing, "failing")),
            (_, _, > 0 and var stale) => (Tone.Warning, Share(stale, "out of date")),
            _ when members.Any(IsAsked) => (Tone.Neutral, "asking…"),
            _ => (Tone.Good, "all there"),
        };
    }

    /// <summary>Which members are not well, each with its reason; empty when all are.</summary>
    public static string Lacking(IReadOnlyList<MemberHealth> members) => Names(
        [.. members.Where(IsMissing).Concat(members.Where(m => !IsMissing(m) && (IsFailing(m) || IsStale(m)))).Select(m => $"{m.Server.Slug} ({Reason(m)})")]);

    public static (Tone Tone, string Word) State(MemberHealth member) => member switch
    {
        _ when IsAsked(member) => (Tone.Neutral, "asking…"),
        _ when IsMissing(member) => (Tone.Bad, "missing"),
        _ when IsFailing(member) => (Tone.Bad, "calls fail"),
        _ when IsStale(member) => (Tone.Warning, "out of date"),
        _ => (Tone.Good, "there"),
    };

    private static bool IsAsked(MemberHealth member) => member.State.Reason is CatalogReasons.NotReadYet;

    private static bool IsMissing(MemberHealth member) => member.State.Status is MemberStatus.Missing && !IsAsked(member);

    private static bool IsStale(MemberHealth member) => member.State.Status is MemberStatus.Stale;

    private static bool IsFailing(MemberHealth member) => member.Circuit.Phase is not CircuitPhase.Closed;

    /// <summary>What a member brings, in figures.</summary>
    public static string Brings(MemberExplanation member)
    {
        List<string> parts = [Count(member.Tools, "tool")];
        if (member.BlockedTools > 0) parts.Add($"{member.BlockedTools:N0} blocked");
        if (member.Prompts > 0) parts.Add(Count(member.Prompts, "prompt"));
        if (member.Resources + member.ResourceTemplates > 0) parts.Add(Count(member.Resources + member.ResourceTemplates, "resource"));
        return string.Join(" · ", parts);
    }

    /// <summary>Null while calls pass.</summary>
    public static string? Circuit(CircuitState circuit) => circuit.Phase switch
    {
        CircuitPhase.Open => "Calls to it are refused: it failed repeatedly.",
        CircuitPhase.HalfOpen => "Calls to it failed repeatedly. The next one finds out whether it is well again.",
        _ => null,
    };

    public static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count:N0} {what}s";

    private static string Reason(MemberHealth member) => member.State.Reason switch
    {
        null => "calls fail",
        CatalogReasons.Timeout => "timed out",
        CatalogReasons.Unreachable => "can't be reached",
        CatalogReasons.ProtocolError => "no MCP answer",
        CatalogReasons.Unauthorized => "credential refused",
        CatalogReasons.CredentialUnreadable => "credential unreadable",
        CatalogReasons.ServerDisabled => "switched off",
        var code => code,
    };

    private static string Names(IReadOnlyList<string> names) => names.Count <= MostNames
        ? string.Join(", ", names)
        : $"{string.Join(", ", names.Take(MostNames - 1))} and {names.Count - MostNames + 1:N0} more";
}
