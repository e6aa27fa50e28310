using Mcpx.Core.Calls;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Calls;

/// <summary>The calls that match a filter. The newest page of them follows new calls by itself.</summary>
public sealed partial class LiveCalls(CallAdmin calls, CallFeed feed) : OrganizationPart
{
    private IReadOnlyList<CallRecord>? _calls;
    private (CallFilter Filter, TimeSpan? Since)? _read;
    private IDisposable? _subscription;
    private string? _error;
    private bool _reading;
    private bool _readAgain;

    [Parameter, EditorRequired]
    public string Label { get; set; } = "";

    [Parameter, EditorRequired]
    public CallFilter Filter { get; set; } = new();

    /// <summary>Where the filter is relative to now: calls from this long ago.</summary>
    [Parameter]
    public TimeSpan? Since { get; set; }

    [Parameter]
    public bool ShowServer { get; set; } = true;

    /// <summary>The rows stand still, e.g. while somebody reads them.</summary>
    [Parameter]
    public bool Paused { get; set; }

    [Parameter]
    public RenderFragment? Empty { get; set; }

    /// <summary>Told of every page that was read.</summary>
    [Parameter]
    public EventCallback<Page<CallRecord>> OnRead { get; set; }

    [Inject]
    private TimeProvider Time { get; set; } = null!;

    protected override async Task OnParametersSetAsync()
    {
        if (_read == (Filter, Since)) return;
        _calls = null;
        _read = (Filter, Since);
        await ReadAgainAsync();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender || !RendererInfo.IsInteractive) return;
        _error = await ReadAsync(actor =>
        {
            _subscription = feed.Subscribe(actor, OnCalls);
            return Task.CompletedTask;
        }) ?? _error;
    }

    protected override void Dispose(bool disposing)
    {
        _subscription?.Dispose();
        base.Dispose(disposing);
    }

    private void OnCalls() => _ = InvokeAsync(async () =>
    {
        // An older page does not change by what is new.
        if (Paused || Filter.Cursor is not null || Left.IsCancellationRequested) return;
        await ReadAgainAsync();
        StateHasChanged();
    });

    /// <summary>One reading at a time; what is asked for meanwhile is one more after it.</summary>
    private async Task ReadAgainAsync()
    {
        _readAgain = true;
        if (_reading) return;
        _reading = true;
        try
        {
            while (_readAgain)
            {
                _readAgain = false;
                _error = await ReadAsync(ReadOnceAsync);
            }
        }
        finally
        {
            _reading = false;
        }
    }

    private async Task ReadOnceAsync(Actor actor)
    {
        var from = Since is { } since ? Time.GetUtcNow() - since : Filter.From;
        var filter = from > Filter.From || Filter.From is null ? Filter with { From = from } : Filter;
        var page = await calls.ListAsync(actor, filter, Left);
        // The filter was changed while this was read.
        if (_readAgain) return;
        _calls = page.Items;
        await OnRead.InvokeAsync(page);
    }
}
