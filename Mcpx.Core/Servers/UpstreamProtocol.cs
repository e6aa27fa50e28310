using Mcpx.Core.Primitives;

namespace Mcpx.Core.Servers;

/// <summary>The eras of the protocol that a server speaks. The numbers are stored.</summary>
[Flags]
public enum UpstreamEras
{
    None = 0,

    /// <summary><c>initialize</c> and sessions: revisions up to 2025-11-25.</summary>
    Session = 1,

    /// <summary>Every request stands alone: revision 2026-07-28.</summary>
    Stateless = 2,
}

/// <summary>How a server is spoken to, as a probe found it (MCP 2026-07-28, Versioning, "Compatibility Matrix").</summary>
/// <param name="Eras">At least one; a server of both is spoken to in its client's.</param>
/// <param name="OverSse">True for the transport of 2024-11-05, one standing event stream and a POST address that it names.</param>
/// <param name="SessionVersion">The session-era revision that <c>initialize</c> agreed on; null when it speaks none.</param>
public sealed record UpstreamProtocol(UpstreamEras Eras, bool OverSse, string? SessionVersion, DateTimeOffset ProbedAt)
{
    /// <summary>For a server that could not be asked: it is spoken to as its clients speak.</summary>
    public static UpstreamProtocol Unknown { get; } = new(UpstreamEras.Session | UpstreamEras.Stateless, OverSse: false, SessionVersion: null, ProbedAt: default);

    /// <summary>The stateless era's revision.</summary>
    public const string StatelessVersion = "2026-07-28";

    /// <summary>The revisions that <c>initialize</c> may agree on, newest first.</summary>
    public static IReadOnlyList<string> SessionVersions { get; } = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

    public bool SpeaksSession => Eras.HasFlag(UpstreamEras.Session);

    public bool SpeaksStateless => Eras.HasFlag(UpstreamEras.Stateless);

    /// <summary>For people, behind "It speaks".</summary>
    public string InWords => this switch
    {
        { OverSse: true } => $"the old HTTP+SSE transport ({SessionVersion})",
        { SpeaksSession: true, SpeaksStateless: true } => $"MCP {SessionVersion} with sessions and {StatelessVersion} without",
        { SpeaksSession: true } => $"MCP {SessionVersion} with sessions",
        _ => $"MCP {StatelessVersion} without sessions",
    };
}

/// <summary>What one server may cost the gateway, set per server within bounds.</summary>
/// <param name="FirstByteSeconds">How long it may take until its answer begins, 1–300.</param>
/// <param name="AnswerMebibytes">Longest answer, 1–1024. A single event of a stream is never longer than 10.</param>
/// <param name="ConcurrentCalls">Calls under way at once on one replica, 1–10,000; one more is refused.</param>
public sealed record UpstreamLimits(int FirstByteSeconds, int AnswerMebibytes, int ConcurrentCalls)
{
    public const int LongestFirstByteSeconds = 300;
    public const int LargestAnswerMebibytes = 1024;
    public const int MostConcurrentCalls = 10_000;

    public static UpstreamLimits Default { get; } = new(FirstByteSeconds: 30, AnswerMebibytes: 10, ConcurrentCalls: 256);
}

/// <summary>Limits as forms and REST bring them, before they are checked; null leaves one as it is.</summary>
public sealed record LimitsInput(int? FirstByteSeconds = null, int? AnswerMebibytes = null, int? ConcurrentCalls = null)
{
    /// <summary>Adds what is wrong to <paramref name="check"/>, under the names <c>limits.…</c>.</summary>
    public void Check(InputCheck check) => check
        .Require(IsWithin(FirstByteSeconds, UpstreamLimits.LongestFirstByteSeconds), "limits.firstByteSeconds",
            $"Use 1 to {UpstreamLimits.LongestFirstByteSeconds} seconds.")
        .Require(IsWithin(AnswerMebibytes, UpstreamLimits.LargestAnswerMebibytes), "limits.answerMebibytes",
            $"Use 1 to {UpstreamLimits.LargestAnswerMebibytes:N0} MiB.")
        .Require(IsWithin(ConcurrentCalls, UpstreamLimits.MostConcurrentCalls), "limits.concurrentCalls",
            $"Use 1 to {UpstreamLimits.MostConcurrentCalls:N0} calls.");

    public UpstreamLimits Over(UpstreamLimits before) => new(
        FirstByteSeconds ?? before.FirstByteSeconds, AnswerMebibytes ?? before.AnswerMebibytes, ConcurrentCalls ?? before.ConcurrentCalls);

    private static bool IsWithin(int? value, int most) => value is null || value >= 1 && value <= most;
}
