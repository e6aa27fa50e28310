namespace Mcpx.Tests.Conformance;

/// <summary>What can't be had on a way through the gateway, with the reason. Nothing else may be lost, and nothing less.</summary>
internal static class ConformanceLosses
{
    private const string Asks = "A client of 2026-07-28 has no stream on which a session-era server could ask it something in the middle of a call: "
        + "the gateway tells such a server that the client can't be asked, and a question that comes all the same ends the call with -32021.";

    private const string Resumes = "Streams of the gateway's own can't be taken up again, which the protocol leaves open. A stream that the server breaks off is taken up by the gateway, and the client gets its answer in the one that it has.";

    private const string Streams = "An answer that nothing comes before is one JSON body, not a stream; the suite makes no judgement of that.";

    private static readonly (Way[] Ways, string[] Revisions, string Check, string Reason)[] All =
    [
        ([Way.Bridge, Way.VirtualGateway], [ConformanceRuns.Session, ConformanceRuns.Stateless], "server-sse-streams-functional", Streams),
        ([Way.Bridge, Way.VirtualGateway], [ConformanceRuns.Session], "server-sse-priming-event", Resumes),
        ([Way.Bridge, Way.VirtualGateway], [ConformanceRuns.Session], "server-sse-retry-field", Resumes),
        ([Way.Bridge, Way.VirtualGateway], [ConformanceRuns.Session], "server-sse-disconnect-resume", Resumes),
        .. ((string[])
        [
            "sep-2322-elicitation-incomplete", "sep-2322-elicitation-complete", "sep-2322-sampling-incomplete", "sep-2322-sampling-complete",
            "sep-2322-list-roots-incomplete", "sep-2322-list-roots-complete", "sep-2322-request-state-incomplete", "sep-2322-request-state-complete",
            "sep-2322-multiple-inputs-incomplete", "sep-2322-multiple-inputs-complete", "sep-2322-multi-round-r1", "sep-2322-multi-round-r2", "sep-2322-multi-round-r3",
            "sep-2322-missing-response-rerequests", "sep-2322-non-tool-incomplete", "sep-2322-non-tool-complete", "sep-2322-result-type-included",
            "sep-2322-reject-tampered-state", "sep-2322-respect-client-capabilities",
        ]).Select(check => ((Way[])[Way.Bridge], (string[])[ConformanceRuns.Stateless], check, Asks)),
    ];

    public static IEnumerable<string> On(Way way, string revision) => All.Where(loss => loss.Ways.Contains(way) && loss.Revisions.Contains(revision)).Select(loss => loss.Check);

    /// <summary>Each reason with the scenarios that it takes checks from.</summary>
    public static IEnumerable<(string Reason, IReadOnlyList<string> Scenarios)> Of(string revision, ConformanceResult direct) => All
        .Where(loss => loss.Revisions.Contains(revision))
        .GroupBy(loss => loss.Reason, loss => direct.ScenarioOf(loss.Check))
        .Select(reason => (reason.Key, (IReadOnlyList<string>)[.. reason.Distinct()]));
}
