using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Search;
using Mcpx.Web.Dashboard.Controls;

namespace Mcpx.Web.Dashboard.Calls;

/// <summary>How a call's end is said to people, and how good it is.</summary>
internal static class OutcomeWords
{
    public static IReadOnlyList<SelectOption<string>> Options { get; } =
    [
        new("", "Any outcome"),
        new(CallQuery.Failed, "Failed (all)"),
        new(CallQuery.Refused, "Refused (all)"),
        new(CallQuery.WouldBeDenied, "Would be denied (rules tried out)"),
        .. Enum.GetValues<CallOutcome>().Select(outcome => new SelectOption<string>(KeyOf(outcome), char.ToUpperInvariant(Word(outcome)[0]) + Word(outcome)[1..])),
    ];

    public static CallOutcome? Find(string? key) =>
        Enum.GetValues<CallOutcome>().Cast<CallOutcome?>().FirstOrDefault(outcome => KeyOf(outcome!.Value) == key);

    public static string Word(CallOutcome outcome) => outcome switch
    {
        CallOutcome.Ok => "ok",
        CallOutcome.ToolError => "tool error",
        CallOutcome.UpstreamError => "server error",
        CallOutcome.Timeout => "timeout",
        CallOutcome.Denied => "denied",
        CallOutcome.RateLimited => "rate limited",
        CallOutcome.Unauthenticated => "not signed in",
        CallOutcome.ClientAborted => "client left",
        CallOutcome.Interrupted => "interrupted",
        _ => outcome.ToString(),
    };

    public static Tone ToneOf(CallOutcome outcome) => outcome switch
    {
        CallOutcome.Ok => Tone.Good,
        CallOutcome.ToolError or CallOutcome.UpstreamError or CallOutcome.Timeout or CallOutcome.Interrupted => Tone.Bad,
        CallOutcome.Denied or CallOutcome.RateLimited or CallOutcome.Unauthenticated => Tone.Warning,
        _ => Tone.Neutral,
    };

    private static string KeyOf(CallOutcome outcome)
    {
        string name = outcome.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }
}
