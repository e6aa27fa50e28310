using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>Deletes a server after its slug was typed.</summary>
public sealed partial class DeleteServer(ServerAdmin servers, NavigationManager navigation) : OrganizationPart
{
    private string? _typed = "";
    private bool _open;
    private bool _deleting;

    [Parameter, EditorRequired]
    public UpstreamServer Server { get; set; } = null!;

    private async Task DeleteAsync()
    {
        if (_deleting || _typed != Server.Slug) return;
        _deleting = true;
        bool done = await TryAsync(actor => servers.DeleteAsync(actor, Server.Id, Left));
        _deleting = false;
        if (!done) return;
        Toasts.Show(Tone.Good, $"Server “{Server.Name}” deleted");
        navigation.NavigateTo(DashboardUrls.Servers(Organization));
    }
}
