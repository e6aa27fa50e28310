using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Dashboard.Layout;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Gateways;

/// <summary>One member of a gateway: its prefix, which of its tools are shown, and which of them otherwise.</summary>
public sealed partial class MemberEditor : ComponentBase
{
    /// <summary>2,000 names of usual length, and short enough for one message of the circuit.</summary>
    private const int LongestText = 150_000;

    private static readonly IReadOnlyList<SelectOption<ToolChoice>> Choices = [new(ToolChoice.All, "All tools"), new(ToolChoice.OnlyThese, "Only these")];

    private readonly string _id = ElementIds.Next("member");

    [Parameter, EditorRequired]
    public MemberModel Member { get; set; } = null!;

    [Parameter]
    public bool ReadOnly { get; set; }

    [Parameter]
    public bool IsFirst { get; set; }

    [Parameter]
    public bool IsLast { get; set; }

    /// <summary>By how many places: -1 is up.</summary>
    [Parameter]
    public EventCallback<int> OnMove { get; set; }

    [Parameter]
    public EventCallback OnRemove { get; set; }

    [CascadingParameter]
    private DashboardViewer Viewer { get; set; } = null!;

    [CascadingParameter]
    private EditContext Form { get; set; } = null!;

    private string PrefixHint => string.IsNullOrWhiteSpace(Member.Prefix)
        ? "Tools and prompts are shown under the server's own names."
        : $"The tool get_user of this server is shown as {Member.Prefix.Trim()}get_user.";

    private string ToolsHint => Member.Choice is ToolChoice.All
        ? "Also those that the server offers later."
        : "What the server offers later stays hidden until it is named here.";

    private void AddOverride()
    {
        Member.Overrides.Add(new OverrideModel());
        NoteChange();
    }

    private void RemoveOverride(OverrideModel one)
    {
        Member.Overrides.Remove(one);
        NoteChange();
    }

    private void NoteChange() => Form.NotifyFieldChanged(FieldIdentifier.Create(() => Member.Overrides));
}
