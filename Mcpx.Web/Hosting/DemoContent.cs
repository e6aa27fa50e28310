using Mcpx.Core.Credentials;
using Mcpx.Core.Governance;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Web.Hosting;

/// <summary>
/// Registers the demo servers (samples/Mcpx.DemoServers) when <c>MCPX_DEMO_URL</c> says where they are. A demo server
/// that somebody deleted or changed stays so, but for its address, which follows the setting.
/// </summary>
internal sealed class DemoContent(McpxOptions options, FirstOwner firstOwner, IServerStore store, ServerAdmin servers, GovernanceAdmin governance)
{
    private const string MarkerFile = "demo-content";

    private static readonly Demo[] Demos =
    [
        new("finance", "Finance (demo)", "Accounts and transfers; wants an API key.",
            _ => new CredentialInput(CredentialKind.ApiKey, CredentialInput.DefaultHeader, new Secret("demo-finance-key")), Blocked: "transfer"),
        new("hr", "HR (demo)", "People and meetings; wants a bearer token.",
            _ => new CredentialInput(CredentialKind.Bearer, Secret: new Secret("demo-hr-token"))),
        new("crm", "CRM (demo)", "Contacts and deals; open.", _ => CredentialInput.None),
        new("tickets", "Tickets (demo)", "Support tickets; protected by OAuth, so the gateway gets its tokens itself.",
            root => new CredentialInput(CredentialKind.ClientCredentials, Secret: new Secret("demo-tickets-secret"),
                Client: new ClientInput("demo-tickets-client", Issuer: new Uri(root, "/tickets/oauth").AbsoluteUri, Scope: "tickets"))),
    ];

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (options.DemoUrl is not { } root) return;
        string marker = Path.Combine(options.DataDirectory, MarkerFile);
        bool firstTime = !File.Exists(marker);
        foreach (Demo demo in Demos)
            await EnsureAsync(demo, root, firstTime, cancellationToken);
        if (!firstTime) return;
        Directory.CreateDirectory(options.DataDirectory);
        await File.WriteAllTextAsync(marker, "The demo servers were registered once; delete this file to have it done again.\n", cancellationToken);
    }

    private async Task EnsureAsync(Demo demo, Uri root, bool mayCreate, CancellationToken cancellationToken)
    {
        Uri url = new(root, $"/{demo.Slug}/mcp");
        ServerDetails? existing = await store.FindBySlugAsync(firstOwner.Actor.Organization, demo.Slug, cancellationToken);
        if (existing is null && mayCreate)
        {
            ServerDetails created = await servers.CreateAsync(firstOwner.Actor,
                new NewServer(demo.Name, demo.Slug, url.ToString(), demo.Description, Credential: demo.Credential(root)), cancellationToken);
            if (demo.Blocked is not null)
                await governance.ReplaceAsync(firstOwner.Actor, created.Server.Id, new NewGovernance(GovernanceMode.Blocklist, [demo.Blocked]), cancellationToken);
        }
        else if (existing is not null && existing.Server.Name == demo.Name && existing.Server.Url != url)
        {
            await servers.UpdateAsync(firstOwner.Actor, existing.Server.Id, new ServerChange(Url: url.ToString(), Credential: demo.Credential(root)), cancellationToken);
        }
    }

    /// <param name="Credential">For the demo servers at that address.</param>
    /// <param name="Blocked">A tool that the blocklist names, so that there is a refusal to look at.</param>
    private sealed record Demo(string Slug, string Name, string Description, Func<Uri, CredentialInput> Credential, string? Blocked = null);
}
