using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Web.Dashboard.Layout;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Audit;

/// <summary>One entry of the audit log: a line, and below it what changed.</summary>
public sealed partial class AuditEntryView(IdentityProviders providers) : ComponentBase
{
    private AdminEntry? _read;

    [Parameter, EditorRequired]
    public AdminEntry Entry { get; set; } = null!;

    /// <summary>The page of what it is about; null when there is none.</summary>
    [Parameter]
    public string? Link { get; set; }

    [Parameter]
    public AuditQuery Query { get; set; } = new();

    [CascadingParameter]
    private DashboardViewer Viewer { get; set; } = null!;

    private IdentityProviders Providers { get; } = providers;

    private IReadOnlyList<ValueChange> Changes { get; set; } = [];

    protected override void OnParametersSet()
    {
        if (ReferenceEquals(_read, Entry)) return;
        _read = Entry;
        Changes = ValueChange.Of(Entry);
    }
}
