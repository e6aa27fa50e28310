using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Governance;

/// <summary>How many calls of tools may be made. It counts <c>tools/call</c> alone: looking at lists costs nobody much.</summary>
/// <param name="Server">Null for all servers of the organisation together.</param>
/// <param name="Tool">A name or pattern of the server's tools; null for all of them together.</param>
/// <param name="For">Whose calls are counted.</param>
/// <param name="EachCaller">Each person and each service account has as many; otherwise all of them share.</param>
/// <param name="PerMinute">Calls a minute; null for no limit.</param>
/// <param name="AtOnce">Calls under way; null for no limit.</param>
public sealed record CallLimit(
    CallLimitId Id, ServerId? Server, string? Tool, RuleAudience For, bool EachCaller, int? PerMinute, int? AtOnce, DateTimeOffset CreatedAt)
{
    /// <summary>The limit's name as the audit keeps it.</summary>
    public string Name => $"limit:{Tool ?? "*"}{For.Suffix}";

    /// <param name="server">The slug of its server.</param>
    /// <param name="names">What members, service accounts and tokens are called.</param>
    public AuditView ToAudit(string? server, IReadOnlyDictionary<Guid, string> names) => new AuditView($"{Tool ?? "all tools"}{For.WordsWith(names)}")
        .With("server", server).With("tool", Tool).With("for", For.WordsWith(names) is { Length: > 0 } words ? words.Trim() : "for everyone").With("eachCaller", EachCaller)
        .With("perMinute", PerMinute).With("atOnce", AtOnce);

    public bool Covers(ServerId server, string tool, in RuleSubject who) =>
        (Server is null || Server == server) && (Tool is null || NamePattern.Matches(Tool, tool)) && For.Includes(who);

    /// <summary>E.g. <c>5 calls a minute of “transfer” for each caller</c>.</summary>
    public string Words(bool isAtOnce)
    {
        string what = Tool is null ? "" : $" of “{Tool}”";
        string whose = EachCaller ? " for each caller" : " for all callers together";
        return isAtOnce ? $"{Calls(AtOnce)}{what} at once{whose}" : $"{Calls(PerMinute)}{what} a minute{whose}";
    }

    private static string Calls(int? number) => number == 1 ? "1 call" : $"{number:N0} calls";
}
