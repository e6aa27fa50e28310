using Mcpx.Core.Governance.Pinning;
using Mcpx.Core.Servers;

namespace Mcpx.Web.Dashboard.Pinning;

/// <summary>All servers, and how many definitions of each wait for somebody's yes or no; those first.</summary>
public sealed partial class ToolDefinitionsOverview(ToolPinAdmin pins, ServerAdmin servers) : OrganizationPage
{
    private IReadOnlyList<ServerPinsRow>? _rows;
    private string? _error;

    protected override Task OnInitializedAsync() => LoadAsync();

    private async Task LoadAsync() => _error = await ReadAsync(async actor =>
    {
        var known = pins.Summarize(actor);
        _rows = [.. (await servers.SummarizeAsync(actor, Left))
            .Select(server => new ServerPinsRow(server, known.GetValueOrDefault(server.Id, PinSummary.Unread)))
            .OrderByDescending(row => row.Pins.Pending).ThenBy(row => row.Server.Slug, StringComparer.Ordinal)];
    });
}

/// <summary>A server as the overview shows it.</summary>
internal sealed record ServerPinsRow(ServerSummary Server, PinSummary Pins);
