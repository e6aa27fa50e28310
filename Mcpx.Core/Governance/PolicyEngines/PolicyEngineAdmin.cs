using Mcpx.Core.Audit;
using Mcpx.Core.Egress;
using Mcpx.Core.Gateways;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Governance.PolicyEngines;

/// <summary>What became of a sample question.</summary>
/// <param name="Answer">Null when the engine gave none.</param>
/// <param name="Problem">Why it gave none, in a sentence; null when it did.</param>
/// <param name="Milliseconds">How long it took.</param>
/// <param name="Question">What was asked, as JSON.</param>
public sealed record PolicyTrial(PolicyAnswer? Answer, string? Problem, double Milliseconds, string Question);

/// <summary>The one door to an organisation's policy engine.</summary>
public sealed class PolicyEngineAdmin(
    IPolicyEngineStore store, PolicyEngineVault vault, PolicyEngineClient client, IRouteSource routes, ConnectionTestLimit limit, ChangeFeed changes, TimeProvider time)
{
    private const int LongestToken = 8192;
    private const int LongestTool = 256;

    /// <summary>Null when the organisation asks none.</summary>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public Task<PolicyEngine?> FindAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageGovernance);
        return store.FindAsync(actor.Organization, cancellationToken);
    }

    /// <summary>Writes the setting as a whole; the token stays when none is given.</summary>
    /// <exception cref="RefusalException">Not allowed, or wrong.</exception>
    public async Task<PolicyEngine> ReplaceAsync(Actor actor, PolicyEngineInput input, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageGovernance);
        string? token = input.Token?.Reveal();
        int timeout = input.TimeoutMilliseconds ?? PolicyEngine.DefaultTimeoutMilliseconds, cache = input.CacheSeconds ?? PolicyEngine.DefaultCacheSeconds;
        InputCheck check = new();
        Uri? url = ServerUrl.Check(check, input.Url);
        check.Require(timeout is >= PolicyEngine.ShortestTimeoutMilliseconds and <= PolicyEngine.LongestTimeoutMilliseconds, "timeoutMilliseconds",
                $"Use {PolicyEngine.ShortestTimeoutMilliseconds} to {PolicyEngine.LongestTimeoutMilliseconds:N0} milliseconds.")
            .Require(cache is >= 0 and <= PolicyEngine.LongestCacheSeconds, "cacheSeconds", $"Use 0 to {PolicyEngine.LongestCacheSeconds} seconds.")
            .Require(token is null || token.Length <= LongestToken && (token.Length == 0 || OutboundHeaders.IsValidValue(token)), "token",
                "The token goes into an HTTP header: use visible ASCII characters, no line breaks.");
        check.ThrowIfWrong();

        PolicyEngine? before = await store.FindAsync(actor.Organization, cancellationToken);
        RefuseTokenTheft(before, url!, token);
        PolicyEngine engine = new(actor.Organization, url!, input.Enabled ?? true, timeout, cache, input.FailOpen ?? false, input.IncludeArguments ?? false, input.CacheArguments ?? false,
            token is null ? before?.Token : token.Length == 0 ? null : vault.Seal(actor.Organization, input.Token!),
            token is null ? before?.TokenHint : token.Length == 0 ? null : input.Token!.Hint(), Instant.Now(time));
        if (!await store.SaveAsync(engine, ChangeBy(actor, AdminAction.PolicyEngineReplace), cancellationToken)) throw new RefusalException.NotFound("organization");
        await PublishAsync(actor);
        return engine;
    }

    /// <exception cref="RefusalException">Not allowed, or there is none.</exception>
    public async Task DeleteAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageGovernance);
        if (!await store.DeleteAsync(actor.Organization, ChangeBy(actor, AdminAction.PolicyEngineDelete), cancellationToken)) throw new RefusalException.NotFound("policy engine");
        await PublishAsync(actor);
    }

    /// <summary>Asks the stored engine about a call of the actor's own, also while it is switched off. Nothing is called.</summary>
    /// <param name="server">A server's slug; null asks about one that does not exist.</param>
    /// <exception cref="RefusalException">Not allowed, wrong, there is no engine, or too many tests.</exception>
    public async Task<PolicyTrial> TryAsync(Actor actor, string? server, string? tool, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageGovernance);
        new InputCheck().Require(tool is null or { Length: > 0 and <= LongestTool }, "tool", $"Use 1 to {LongestTool} characters.").Text(tool, "tool").ThrowIfWrong();
        PolicyEngine engine = await store.FindAsync(actor.Organization, cancellationToken) ?? throw new RefusalException.NotFound("policy engine");
        OrganizationRoutes home = routes.Routes.Find(actor.Organization) ?? throw new RefusalException.NotFound("organization");
        UpstreamServer about = server is null ? Sample(actor) : home.FindServer(server)?.Server ?? throw new RefusalException.NotFound("server");
        Caller caller = new(home.Organization, actor.Principal, actor.Role, actor.Scopes, time.GetUtcNow());
        string name = tool ?? "get_example";
        PolicyQuestion question = new(home.Organization, caller, $"/mcp/{home.Organization.Slug}/server/{about.Slug}", about, name, name, "{}"u8.ToArray(), "mcpx");
        byte[] body = question.ToBytes(engine.IncludeArguments);
        // It connects where the setting says and tells how that went: another way to look for open ports.
        limit.Take(actor.Organization);
        long began = time.GetTimestamp();
        try
        {
            PolicyAnswer answer = await client.AskAsync(engine, body, cancellationToken);
            return new PolicyTrial(answer, null, time.GetElapsedTime(began).TotalMilliseconds, System.Text.Encoding.UTF8.GetString(body));
        }
        catch (PolicyEngineException e)
        {
            return new PolicyTrial(null, e.Message, time.GetElapsedTime(began).TotalMilliseconds, System.Text.Encoding.UTF8.GetString(body));
        }
    }

    /// <summary>A secret goes only where it was entered for: who can't read it must not have it sent to a host of their own.</summary>
    private static void RefuseTokenTheft(PolicyEngine? before, Uri url, string? token)
    {
        if (before?.Token is not null && token is null && before.Url.GetLeftPart(UriPartial.Authority) != url.GetLeftPart(UriPartial.Authority))
            throw new RefusalException.Invalid([new FieldError("token", "The address points to another host: enter the token again, or remove it.")]);
    }

    private static UpstreamServer Sample(Actor actor) => new(default, actor.Organization, "example", "Example", "", new Uri("https://example.com/"),
        UpstreamServer.DefaultTimeoutSeconds, Enabled: true, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);

    private AdminChange ChangeBy(Actor actor, AdminAction action) => AdminChange.By(actor, action, SubjectKinds.Organization, actor.Organization.Value, time);

    private ValueTask PublishAsync(Actor actor) => changes.PublishAsync(new Change(ChangeKind.Configuration, actor.Organization.Value));
}
