using System.Text.Encodings.Web;
using System.Text.Json;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Protocol;
using ModelContextProtocol.Protocol;

namespace Mcpx.Web.Hosting;

/// <summary>
/// Shows, once per start and only when asked to (<c>MCPX_WELCOME</c>), how to get in: a one-time sign-in link and a
/// fresh token. Written to standard output, not to the log: a log is kept and shipped, and these are secrets.
/// </summary>
internal sealed class Welcome(McpxOptions options, PublicAddress address, FirstOwner firstOwner, SignInLinks links, TokenAdmin tokens, TimeProvider time)
{
    private const string TokenName = "start-up token";

    // Of the stateless era: it needs no initialize before it, so one line of curl is enough.
    private const string ListTools =
        $$$"""{"jsonrpc":"2.0","id":1,"method":"{{{RequestMethods.ToolsList}}}","params":{"_meta":{"{{{MetaKeys.ProtocolVersion}}}":"{{{ProtocolVersions.Stateless}}}","{{{MetaKeys.ClientCapabilities}}}":{} } } }""";

    // Read on a terminal and pasted into a file: no \u0027 for an apostrophe. Nothing of it is ever put into HTML.
    private static readonly JsonSerializerOptions ForPeople = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

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

    private string ToText(string signIn, Secret token)
    {
        string slug = options.DemoUrl is null ? "<server>" : "crm";
        // Without the organisation: clients that look for OAuth where it is announced would drop the header.
        string endpoint = address.To($"/mcp/server/{slug}");
        string bearer = $"Authorization: Bearer {token.Reveal()}";
        return $$$"""

            mcpx is ready at {{{address.To("")}}}

            Sign in to the dashboard (this link works once, within the hour)
              {{{signIn}}}

            Access token (shown only now; each start makes a new one)
              {{{token.Reveal()}}}

            Connect a client to the server {{{slug}}}

              Claude Code
                claude mcp add --transport http {{{slug}}} {{{endpoint}}} --header "{{{bearer}}}"

              VS Code: put this into .vscode/mcp.json
            {{{Indented(VsCode(slug, endpoint, token), 4)}}}

              curl
                curl -sS {{{endpoint}}} \
                  -H "{{{bearer}}}" \
                  -H "Content-Type: application/json" -H "Accept: application/json, text/event-stream" \
                  -H "MCP-Protocol-Version: {{{ProtocolVersions.Stateless}}}" -H "Mcp-Method: {{{RequestMethods.ToolsList}}}" \
                  -d '{{{ListTools}}}'

            Ctrl-C stops everything.

            """;
    }

    private static string VsCode(string slug, string endpoint, Secret token) => JsonSerializer.Serialize(new
    {
        servers = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            [slug] = new { type = "http", url = endpoint, headers = new { Authorization = $"Bearer {token.Reveal()}" } },
        },
    }, ForPeople);

    private static string Indented(string text, int columns) =>
        string.Join('\n', text.Split('\n').Select(line => new string(' ', columns) + line));
}
