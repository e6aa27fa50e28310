using System.Text.Json;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Web.Hosting;

/// <summary>
/// Shows, once per start and only when asked to (<c>MCPX_WELCOME</c>), how to get in: a one-time sign-in link and a
/// fresh token. Written to standard output, not to the log: a log is kept and shipped, and these are secrets.
/// </summary>
internal sealed class Welcome(McpxOptions options, PublicAddress address, FirstOwner firstOwner, SignInLinks links, TokenAdmin tokens, TimeProvider time)
{
    private const string TokenName = "start-up token";

    public async Task ShowAsync(CancellationToken cancellationToken)
    {
        if (options.Welcome is WelcomeForm.None) return;
        await RevokeUnusedAsync(cancellationToken);
        Secret code = await links.CreateAsync(firstOwner.Owner.User.Id, cancellationToken);
        string name = $"{TokenName} of {time.GetUtcNow():yyyy-MM-dd HH:mm}";
        IssuedToken issued = await tokens.CreateAsync(firstOwner.Actor, new NewToken(name, TokenScopes.All.ToNames()), cancellationToken);
        string signIn = address.To($"/sign-in/link?code={code.Reveal()}");
        string text = options.Welcome is WelcomeForm.Json ? ToJson(signIn, issued.Text) : ToText(signIn, issued.Text);
        await Console.Out.WriteLineAsync(text.AsMemory(), cancellationToken);
        await Console.Out.FlushAsync(cancellationToken);
    }

    /// <summary>Each start makes a token; those that nobody took up must not pile up as open doors.</summary>
    private async Task RevokeUnusedAsync(CancellationToken cancellationToken)
    {
        foreach (PersonalAccessToken token in await tokens.ListAsync(firstOwner.Actor, cancellationToken))
        {
            if (token is { LastUsedAt: null, RevokedAt: null } && token.Name.StartsWith(TokenName, StringComparison.Ordinal))
                await tokens.RevokeAsync(firstOwner.Actor, token.Id, cancellationToken);
        }
    }

    private string ToJson(string signIn, Secret token) => "MCPX_READY " + JsonSerializer.Serialize(new
    {
        url = address.To(""),
        signInUrl = signIn,
        token = token.Reveal(),
        organization = firstOwner.Owner.Organization.Slug,
    });

    private static string VsCode(string slug, string endpoint, string token) => JsonSerializer.Serialize(new
    {
        servers = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            [slug] = new { type = "http", url = endpoint, headers = new { Authorization = $"Bearer {token}" } },
        },
    });

    private string ToText(string signIn, Secret token)
    {
        string slug = options.DemoUrl is null ? "<server>" : "crm";
        string endpoint = address.To($"/mcp/{firstOwner.Owner.Organization.Slug}/server/{slug}");
        string text = token.Reveal();
        return $$$"""

            mcpx is ready at {{{address.To("")}}}

              Sign in (works once, for an hour)
                {{{signIn}}}

              Access token (shown once; scopes mcp, api:read, api:write)
                {{{text}}}

              Claude Code
                claude mcp add --transport http {{{slug}}} {{{endpoint}}} --header "Authorization: Bearer {{{text}}}"

              VS Code (.vscode/mcp.json)
                {{{VsCode(slug, endpoint, text)}}}

              curl
                curl -s {{{endpoint}}} -H "Authorization: Bearer {{{text}}}" -H "Content-Type: application/json" -H "Accept: application/json, text/event-stream" -d '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{} }'

            """;
    }
}
