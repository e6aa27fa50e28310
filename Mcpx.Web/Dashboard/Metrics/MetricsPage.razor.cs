using System.Web;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Metrics;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Metrics;

/// <summary>The figures of past calls: how many, how they ended, how long they took and whose they were, as the address asks.</summary>
public sealed partial class MetricsPage(MetricsQuery metrics, MetricQueries queries, MetricNames directory, NavigationManager navigation, TimeProvider time) : OrganizationPage
{
    private const int Shares = 15;

    private static readonly TimeSpan RefreshEvery = TimeSpan.FromSeconds(30);

    private MetricCharts? _charts;
    private MetricHistory? _history;
    private MetricRanking? _ranking;
    private MetricNames.Known _names = MetricNames.Known.None;
    private MetricsView? _asked;
    private string? _askedOf;
    private string? _error;
    private string? _rankingError;
    private bool _auto = true;
    private bool _reading;

    // One name is enough to be told of a new address; the others are read from there.
    [SupplyParameterFromQuery(Name = "range")]
    private string? RangeKey { get; set; }

    private MetricsView View => MetricsView.Parse(HttpUtility.ParseQueryString(new Uri(navigation.Uri).Query).Get);

    private string ZoomUrl => DashboardUrls.Metrics(Organization, View.Over(null, "FROM", "UNTIL"));

    protected override async Task OnParametersSetAsync()
    {
        if ((_asked, _askedOf) == (View, Organization)) return;
        if (_askedOf != Organization) (_names, _history, _ranking) = (MetricNames.Known.None, null, null);
        // Rows of one dimension under the heads of another would lie for as long as the new ones are read.
        if (_asked?.By != View.By) _ranking = null;
        (_asked, _askedOf) = (View, Organization);
        await LoadAsync();
    }

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender && RendererInfo.IsInteractive) _ = RepeatAsync(RefreshEvery, time, RefreshAsync);
    }

    private async Task RefreshAsync()
    {
        if (!_auto || _reading || !View.Query.EndsNow || _charts is null || !await _charts.IsVisibleAsync()) return;
        await LoadAsync();
        StateHasChanged();
    }

    private async Task LoadAsync()
    {
        MetricsView view = View;
        _reading = true;
        MetricHistory? history = null;
        MetricRanking? ranking = null;
        MetricQuestion? question = null;
        string? error = await ReadAsync(async actor =>
        {
            question = await queries.ReadAsync(actor, view.Query, Left);
            _names = await directory.ReadAsync(actor, question.Filter, Left);
            history = await metrics.HistoryAsync(actor, question, Left);
        });
        string? rankingError = question is null ? null : await ReadAsync(async actor => ranking = await metrics.RankAsync(actor, question, view.By, view.Order, Shares, Left));
        _reading = false;
        // Another address was asked for while this was read.
        if (view != View) return;
        (_error, _rankingError, _ranking) = (error, rankingError, ranking);
        if (history is not null || error is not null) _history = history;
    }

    /// <summary>The calls that a figure of the page is of; null where the list of calls can't be asked for just those.</summary>
    private string? CallsBehind(MetricKey? key, CallQuery narrowed)
    {
        if (_history is not { Plan: { } plan }) return null;
        MetricQuery query = View.Query;
        Guid? caller = View.By is MetricDimension.Caller && key is { } who ? who.Id : Guid.TryParse(query.Caller, out Guid asked) ? asked : null;
        // Who is gone could be either of both.
        if (caller is { } id && !_names.IsMember(id) && !_names.IsAccount(id)) return null;
        return DashboardUrls.Calls(Organization, narrowed with
        {
            Server = narrowed.Server ?? query.Server, Gateway = narrowed.Gateway ?? query.Gateway, Tool = narrowed.Tool ?? query.Tool, Method = narrowed.Method ?? query.Method,
            User = caller is { } user && _names.IsMember(user) ? user.ToString("D") : null,
            ServiceAccount = caller is { } account && _names.IsAccount(account) ? account.ToString("D") : null,
            From = MetricWords.Iso(plan.From), To = query.EndsNow ? null : MetricWords.Iso(plan.To),
        });
    }
}
