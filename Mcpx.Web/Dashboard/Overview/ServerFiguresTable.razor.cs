using Mcpx.Core.Calls.Search;
using Mcpx.Core.Metrics;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Dashboard.Layout;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Overview;

/// <summary>Each server's share of the last fifteen minutes.</summary>
public sealed partial class ServerFiguresTable : ComponentBase
{
    [Parameter, EditorRequired]
    public IReadOnlyList<UpstreamServer>? Servers { get; set; }

    /// <summary>Null until the first frame is there.</summary>
    [Parameter, EditorRequired]
    public IReadOnlyList<ServerFigures>? Figures { get; set; }

    [Parameter]
    public string? Error { get; set; }

    [CascadingParameter]
    private DashboardViewer Viewer { get; set; } = null!;

    private IReadOnlyList<Row>? Rows => Servers is null || (Figures is null && Servers.Count > 0)
        ? null
        : [.. Servers.Select(server => new Row(server, Figures?.FirstOrDefault(f => f.Server == server.Id)))];

    private string CallsOf(Row row, string? outcome) =>
        DashboardUrls.Calls(Viewer.Organization, new CallQuery(Server: row.Server.Slug, Outcome: outcome, Range: TimeRange.Default.Key));

    internal sealed record Row(UpstreamServer Server, ServerFigures? Share)
    {
        public long Calls => Share?.Figures.Calls ?? 0;

        public long Errors => Share?.Figures.Errors ?? 0;

        public long Refused => Share?.Figures.Refused ?? 0;

        public double? P95 => Share?.Figures.P95;

        public DateTimeOffset? LastCall => Share?.LastCall;

        public Tone Tone => Errors == 0 ? Tone.Good : Tone.Bad;

        public string State => Errors == 0 ? "on" : "errors";
    }
}
