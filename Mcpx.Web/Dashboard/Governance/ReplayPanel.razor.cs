using Mcpx.Core.Governance;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy.Access;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Governance;

/// <summary>What the rules as they are edited would have made of recorded calls.</summary>
public sealed partial class ReplayPanel(RuleReplay replay) : OrganizationPart
{
    private static readonly IReadOnlyList<SelectOption<int>> Spans = [new(1, "Last day"), new(7, "Last 7 days"), new(30, "Last 30 days")];

    private ReplayReport? _report;
    private string? _problem;
    private string? _version;
    private int _days = 7;
    private bool _running;

    [Parameter, EditorRequired]
    public ServerId Server { get; set; }

    /// <summary>The rules as they are edited.</summary>
    [Parameter, EditorRequired]
    public Func<NewGovernance> Draft { get; set; } = null!;

    /// <summary>Changes with the rules: what was said of others is taken away.</summary>
    [Parameter]
    public string? Version { get; set; }

    protected override void OnParametersSet()
    {
        if (_version == Version) return;
        _version = Version;
        (_report, _problem) = (null, null);
    }

    private static string Sentence(ReplayReport report) => report switch
    {
        { Judged: 0, NotJudged: 0 } => "No call of a tool of this server was recorded in that time.",
        { WouldDeny: 0 } => $"{Calls(report.Judged)} judged: no call that passed would be denied{Also(report)}.",
        _ => $"{Calls(report.Judged)} judged: {report.WouldDeny:N0} that passed would be denied{Also(report)}.",
    };

    private static string Calls(int number) => number == 1 ? "1 call" : $"{number:N0} calls";

    private static string Also(ReplayReport report) => report.WouldAllow == 0 ? "" : $"; {report.WouldAllow:N0} that were denied would pass";

    private async Task RunAsync()
    {
        if (_running) return;
        _running = true;
        _problem = null;
        NewGovernance draft = Draft();
        ReplayReport? report = null;
        string? problem = await ReadAsync(async actor => report = await replay.RunAsync(actor, Server, draft, _days, Left));
        _running = false;
        (_report, _problem) = (report, problem);
    }
}
