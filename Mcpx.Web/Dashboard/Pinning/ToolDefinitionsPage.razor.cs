using Mcpx.Core.Governance.Pinning;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Pinning;

/// <summary>What a server says about its tools, beside what was approved.</summary>
public sealed partial class ToolDefinitionsPage(ToolPinAdmin pins, ServerAdmin servers, NavigationManager navigation, ChangeFeed changes) : OrganizationPage
{
    private const int Step = 20;

    private UpstreamServer? _server;
    private PinReport? _report;
    private IDisposable? _subscription;
    private string? _asked;
    private string? _error;
    private string? _readProblem;
    private long _version;
    private int _most = Step;
    private int _mostSettled = 10 * Step;
    private bool _isStale;
    private bool _reading;
    private bool _saving;
    private bool _confirming;

    [Parameter]
    public string Slug { get; set; } = "";

    private bool May => Viewer.May(Permission.ManageGovernance);

    private IReadOnlyList<PinReview> Waiting => [.. (_report?.Tools ?? []).Where(t => t.Stored.Pin.IsPending)];

    private IReadOnlyList<PinReview> Settled => [.. (_report?.Tools ?? []).Where(t => !t.Stored.Pin.IsPending)];

    private string EmptyText => _report!.Settings switch
    {
        { Mode: PinMode.Allow } => "The server's definitions are not compared with anything.",
        { BaselineAt: null, ReviewFirst: false } => "The tools that the server has when it is read for the first time are approved as they are. That happens by itself, or with “Ask now”.",
        { BaselineAt: null } => "The server's tools stand here to be reviewed as soon as it was read for the first time.",
        _ => "Clients see no tools of this server until some are approved.",
    };

    protected override async Task OnParametersSetAsync()
    {
        if (Slug == _asked) return;
        _asked = Slug;
        await LoadAsync();
    }

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender && RendererInfo.IsInteractive) _subscription = changes.Subscribe(OnChange);
    }

    protected override void Dispose(bool disposing)
    {
        _subscription?.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>The page stays as it is: what moves under a finger is approved by mistake.</summary>
    private ValueTask OnChange(Change change)
    {
        if (change.Kind is ChangeKind.Configuration && change.Id == Viewer.OrganizationId.Value) _ = InvokeAsync(LookAsync);
        return ValueTask.CompletedTask;
    }

    private async Task LookAsync()
    {
        if (_server is not { } server || _saving || _reading || Left.IsCancellationRequested) return;
        await ReadAsync(actor =>
        {
            _isStale = VersionOf(actor, server) != _version;
            return Task.CompletedTask;
        });
        StateHasChanged();
    }

    private long VersionOf(Actor actor, UpstreamServer server) => pins.Summarize(actor).GetValueOrDefault(server.Id, PinSummary.Unread).Version;

    private async Task LoadAsync()
    {
        bool unknown = false;
        _error = await ReadAsync(async actor =>
        {
            try
            {
                var details = await servers.GetBySlugAsync(actor, Slug, Left);
                Show(actor, details.Server, await pins.GetAsync(actor, details.Server.Id, Left));
            }
            catch (RefusalException.NotFound)
            {
                unknown = true;
            }
        });
        if (unknown) navigation.NotFound();
    }

    private void Show(Actor actor, UpstreamServer server, PinReport report)
    {
        (_server, _report, _isStale) = (server, report, false);
        _version = VersionOf(actor, server);
    }

    private async Task RefreshAsync()
    {
        if (_reading || _server is not { } server) return;
        (_reading, _readProblem) = (true, null);
        await TryAsync(async actor =>
        {
            try
            {
                Show(actor, server, await pins.RefreshAsync(actor, server.Id, Left));
                Toasts.Show(Tone.Good, Waiting.Count == 0 ? "Asked: every definition is the approved one" : $"Asked: {PinWords.Waiting(Waiting.Count)}");
            }
            catch (RefusalException.Conflict e)
            {
                _readProblem = e.Message;
            }
        });
        _reading = false;
    }

    private Task ApproveAsync(PinReview tool) => ChangeAsync([tool], pins.ApproveAsync, $"“{tool.Stored.Tool}” is approved: clients see it from now on");

    private Task RejectAsync(PinReview tool) => ChangeAsync([tool], pins.RejectAsync, $"“{tool.Stored.Tool}” stays hidden as it is now");

    private async Task ApproveAllAsync()
    {
        var waiting = Waiting;
        await ChangeAsync(waiting, pins.ApproveAsync, $"{waiting.Count:N0} definitions are approved");
        _confirming = false;
    }

    private async Task ChangeAsync(
        IReadOnlyList<PinReview> tools, Func<Actor, ServerId, IReadOnlyList<PinChoice>, CancellationToken, Task<IReadOnlyList<string>>> change, string said)
    {
        if (_saving) return;
        _saving = true;
        // As they are shown: a definition that came meanwhile is not meant.
        PinChoice[] choices = [.. tools.Select(t => new PinChoice(t.Stored.Tool, t.Stored.Pin.Seen))];
        var changed = 0;
        bool done = await TryAsync(async actor =>
        {
            changed = (await change(actor, _server!.Id, choices, Left)).Count;
            Show(actor, _server, await pins.GetAsync(actor, _server.Id, Left));
        });
        _saving = false;
        if (!done) return;
        if (changed == choices.Length) Toasts.Show(Tone.Good, said);
        else Toasts.Show(Tone.Warning, "Some definitions changed meanwhile and still wait: look at them again");
    }

    private async Task ForgetAsync(PinReview tool)
    {
        if (_saving) return;
        _saving = true;
        bool done = await TryAsync(async actor =>
        {
            await pins.ForgetAsync(actor, _server!.Id, [tool.Stored.Tool], Left);
            Show(actor, _server, await pins.GetAsync(actor, _server.Id, Left));
        });
        _saving = false;
        if (done) Toasts.Show(Tone.Good, $"“{tool.Stored.Tool}” is forgotten");
    }

    private static string WhoApproved(StoredPin pin) => pin switch
    {
        { ApprovedBy: { } by, Pin.State: PinState.Approved } => $"by {by}",
        { Pin.State: PinState.Approved } => "on trust, at the first reading",
        _ => "hidden",
    };
}
