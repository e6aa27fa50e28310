using Mcpx.Core.Identity;
using Mcpx.Core.Servers;
using Mcpx.Web.Hosting;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Tokens;

/// <summary>A token's text, once, with the lines that use it.</summary>
public sealed partial class IssuedTokenView(ServerAdmin servers) : OrganizationPart
{
    private string? _server;

    [Parameter, EditorRequired]
    public IssuedToken Issued { get; set; } = null!;

    [Parameter]
    public EventCallback OnDone { get; set; }

    [Inject]
    private PublicAddress Address { get; set; } = null!;

    protected override async Task OnInitializedAsync()
    {
        if (!Issued.Token.Scopes.HasFlag(TokenScopes.Mcp)) return;
        await ReadAsync(async actor => _server = (await servers.ListAsync(actor, after: null, size: 1, tag: null, Left)).Items is [var first, ..] ? first.Server.Slug : null);
    }
}
