using Mcpx.Core.Proxy.Gateways;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Gateways;

/// <summary>One member of a gateway: its prefix, which of its tools are shown, and which of them otherwise.</summary>
public sealed partial class MemberEditor(GatewayExplainer explainer) : OrganizationPart
{
    /// <summary>2,000 names of usual length, and short enough for one message of the circuit.</summary>
    private const int LongestText = 150_000;

    private static readonly IReadOnlyList<SelectOption<ToolChoice>> Choices = [new(ToolChoice.All, "All tools"), new(ToolChoice.OnlyThese, "Only these")];

    private readonly string _id = ElementIds.Next("member");
    private ElementReference _toggle;
    private IReadOnlyList<string>? _known;
    private bool _asked;

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
    private EditContext Form { get; set; } = null!;

    private string KnownId => _id + "-tools";

    private IReadOnlyList<SelectOption<PrefixChoice>> Prefixes =>
    [
        new(PrefixChoice.Servers, Member.Server.ToolPrefix.Length > 0 ? $"With the server's prefix, {Member.Server.ToolPrefix}" : "With the server's prefix (it has none)"),
        new(PrefixChoice.Own, "With a prefix of this gateway's"),
        new(PrefixChoice.None, "Without a prefix"),
    ];

    private string NamesHint => (Member.EffectivePrefix.Length == 0
        ? "Tools and prompts are shown under the server's own names."
        : $"The tool get_user of this server is shown as {Member.EffectivePrefix}get_user.")
        + (Member.PrefixFrom is PrefixChoice.Servers ? " That follows the server: its form has the prefix." : "");

    private string ToolsHint => Member.Choice is ToolChoice.All
        ? "Also those that the server offers later."
        : "What the server offers later stays hidden until it is named here.";

    protected override Task OnParametersSetAsync() => LearnToolsAsync();

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!Member.WantsFocus) return;
        Member.WantsFocus = false;
        await _toggle.FocusAsync();
    }

    private Task ToggleAsync()
    {
        Member.IsOpen = !Member.IsOpen;
        return LearnToolsAsync();
    }

    /// <summary>Names to choose from. Without them everything can be typed, so a server that is down is no error here.</summary>
    private async Task LearnToolsAsync()
    {
        if (_asked || !Member.IsOpen || ReadOnly) return;
        _asked = true;
        await ReadAsync(async actor => _known = await explainer.FindToolsAsync(actor, Member.Server, Left));
    }

    private void Choose((string Tool, bool On) choice)
    {
        Member.Choose(choice.Tool, choice.On);
        Form.NotifyFieldChanged(FieldIdentifier.Create(() => Member.Tools));
    }

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
