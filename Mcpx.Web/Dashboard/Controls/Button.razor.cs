using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace Mcpx.Web.Dashboard.Controls;

public enum ButtonKind
{
    Secondary,
    Primary,
    Danger,
    Quiet,
}

/// <summary>A button, or with <see cref="Href"/> a link that looks like one.</summary>
public sealed partial class Button : ComponentBase
{
    [Parameter]
    public ButtonKind Kind { get; set; }

    [Parameter]
    public bool Small { get; set; }

    [Parameter]
    public IconName? Icon { get; set; }

    [Parameter]
    public string? Href { get; set; }

    [Parameter]
    public bool Submit { get; set; }

    [Parameter]
    public bool Disabled { get; set; }

    /// <summary>Work is under way: the button takes no second click, and says so with <see cref="BusyText"/>.</summary>
    [Parameter]
    public bool Busy { get; set; }

    [Parameter]
    public RenderFragment? BusyText { get; set; }

    [Parameter]
    public EventCallback<MouseEventArgs> OnClick { get; set; }

    [Parameter]
    public RenderFragment? ChildContent { get; set; }

    [Parameter(CaptureUnmatchedValues = true)]
    public IReadOnlyDictionary<string, object>? Attributes { get; set; }

    private string Classes =>
        $"button {Kind switch
        {
            ButtonKind.Primary => "primary",
            ButtonKind.Danger => "danger",
            ButtonKind.Quiet => "quiet",
            _ => "secondary",
        }}{(Small ? " small" : "")}{(ChildContent is null ? " square" : "")}";
}
