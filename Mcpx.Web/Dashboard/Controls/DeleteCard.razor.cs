using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Controls;

/// <summary>Deletes something with a slug, after the slug was typed.</summary>
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

    /// <summary>What is lost, and what stays.</summary>
    [Parameter, EditorRequired]
    public string Consequence { get; set; } = "";

    [Parameter]
    public EventCallback OnDelete { get; set; }

    private async Task DeleteAsync()
    {
        if (_deleting || _typed != Slug) return;
        _deleting = true;
        await OnDelete.InvokeAsync();
        _deleting = false;
    }
}
