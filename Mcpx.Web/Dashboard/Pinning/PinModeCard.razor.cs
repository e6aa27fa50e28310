using Mcpx.Core.Governance.Pinning;
using Mcpx.Core.Identity;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Pinning;

/// <summary>How closely one server's definitions are watched.</summary>
public sealed partial class PinModeCard(ToolPinAdmin pins) : OrganizationPart
{
    private static readonly IReadOnlyList<SelectOption<PinMode>> Modes =
    [
        new(PinMode.Quarantine, "Hidden until approved"), new(PinMode.Alert, "Shown, and noted here"), new(PinMode.Allow, "Not watched"),
    ];

    private PinSettings? _shown;
    private PinMode _mode;
    private bool _reviewFirst;
    private bool _saving;

    [Parameter, EditorRequired]
    public UpstreamServer Server { get; set; } = null!;

    [Parameter, EditorRequired]
    public PinSettings Settings { get; set; } = null!;

    [Parameter]
    public EventCallback OnSaved { get; set; }

    private bool May => Viewer.May(Permission.ManageGovernance);

    private bool ReviewFirst => _reviewFirst && _mode is PinMode.Quarantine;

    private bool IsChanged => _mode != Settings.Mode || ReviewFirst != Settings.ReviewFirst;

    private string ReviewHint => Settings is { BaselineAt: not null, ReviewFirst: false }
        ? "Also takes back what was approved because it was there at the first reading. What people approved stays."
        : "Otherwise the tools that the server has when it is read for the first time are approved as they are.";

    protected override void OnParametersSet()
    {
        if (Settings == _shown) return;
        _shown = Settings;
        Revert();
    }

    private void Revert() => (_mode, _reviewFirst) = (Settings.Mode, Settings.ReviewFirst);

    private async Task SaveAsync()
    {
        if (_saving) return;
        _saving = true;
        bool done = await TryAsync(actor => pins.SetAsync(actor, Server.Id, _mode, ReviewFirst, Left));
        _saving = false;
        if (!done) return;
        Toasts.Show(Tone.Good, "Saved: it holds from the next call on");
        await OnSaved.InvokeAsync();
    }
}
