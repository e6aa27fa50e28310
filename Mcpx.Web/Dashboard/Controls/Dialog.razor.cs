using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Mcpx.Web.Dashboard.Controls;

/// <summary>A modal over the native dialog element: the browser keeps focus inside, and Escape closes it.</summary>
public sealed partial class Dialog(IJSRuntime js) : ComponentBase, IAsyncDisposable
{
    private readonly string _titleId = ElementIds.Next("dialog");
    private ElementReference _element;
    private IJSObjectReference? _module;
    private bool _shown;

    [Parameter]
    public bool Open { get; set; }

    [Parameter]
    public EventCallback<bool> OpenChanged { get; set; }

    [Parameter, EditorRequired]
    public string Title { get; set; } = "";

    [Parameter]
    public bool Wide { get; set; }

    /// <summary>Content, with a <see cref="DialogActions"/> at its end.</summary>
    [Parameter]
    public RenderFragment? ChildContent { get; set; }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_module is not null) await _module.DisposeAsync();
        }
        catch (JSDisconnectedException)
        {
            // The circuit is gone, and the browser's side with it.
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_shown == Open) return;
        _shown = Open;
        try
        {
            _module ??= await js.InvokeAsync<IJSObjectReference>("import", "./" + Assets["app.js"]);
            await _module.InvokeVoidAsync(Open ? "openDialog" : "closeDialog", _element);
        }
        catch (JSDisconnectedException)
        {
            // The page was left while the dialog opened.
        }
    }

    private Task OnCloseAsync() => Open ? OpenChanged.InvokeAsync(false) : Task.CompletedTask;
}
