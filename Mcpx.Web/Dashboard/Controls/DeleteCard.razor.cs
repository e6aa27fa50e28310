using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Controls;

/// <summary>Deletes something after its slug, or another word of its own, was typed.</summary>
public sealed partial class DeleteCard : ComponentBase
{
    private string? _typed = "";
    private bool _open;
    private bool _deleting;

    /// <summary>The word for it: "server".</summary>
    [Parameter, EditorRequired]
    public string What { get; set; } = "";

    [Parameter, EditorRequired]
    public string Name { get; set; } = "";

    [Parameter, EditorRequired]
    public string Slug { get; set; } = "";

    /// <summary>What the typed word is, for the field's label.</summary>
    [Parameter]
    public string Asks { get; set; } = "Slug";

    /// <summary>What is lost, and what stays.</summary>
    [Parameter, EditorRequired]
    public string Consequence { get; set; } = "";

    [Parameter]
    public EventCallback OnDelete { get; set; }

    /// <summary>The dialog opens: the time to look what <see cref="ChildContent"/> shows.</summary>
    [Parameter]
    public EventCallback OnOpen { get; set; }

    /// <summary>What the person should know before they type.</summary>
    [Parameter]
    public RenderFragment? ChildContent { get; set; }

    private Task OpenAsync()
    {
        _open = true;
        return OnOpen.InvokeAsync();
    }

    private async Task DeleteAsync()
    {
        if (_deleting || _typed != Slug) return;
        _deleting = true;
        await OnDelete.InvokeAsync();
        _deleting = false;
    }
}
