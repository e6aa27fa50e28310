using Mcpx.Core.Audit;
using Mcpx.Core.Gateways;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Governance.Pinning;

/// <summary>A tool's pin and what is to be known before saying yes.</summary>
/// <param name="Changes">What became of the approved definition; empty when it is what was seen last.</param>
/// <param name="Warnings">What a reader would not notice: hidden characters, names that look like another tool's.</param>
public sealed record PinReview(StoredPin Stored, IReadOnlyList<DefinitionChange> Changes, IReadOnlyList<string> Warnings);

/// <summary>A server's pins for people: those that wait first, then by name.</summary>
public sealed record PinReport(PinSettings Settings, IReadOnlyList<PinReview> Tools);

/// <summary>One server's pins in two words.</summary>
/// <param name="Watched">How many tools are known.</param>
/// <param name="Version">Another one after every change of the server's pins.</param>
public sealed record PinSummary(PinMode Mode, bool HasBaseline, int Watched, int Pending, long Version)
{
    /// <summary>Of a server that nothing is known of.</summary>
    public static PinSummary Unread { get; } = new(PinSettings.Default.Mode, HasBaseline: false, 0, 0, 0);
}

/// <summary>The one door to tool definitions: to see them, approve them, refuse them, and say how closely they are watched.</summary>
public sealed class ToolPinAdmin(IToolPinStore store, IPinSource pins, IRouteSource routes, PinWatch watch, ChangeFeed changes, TimeProvider time)
{
    /// <exception cref="RefusalException">Not allowed, or no such server.</exception>
    public async Task<PinReport> GetAsync(Actor actor, ServerId server, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        StoredPins stored = await store.FindAsync(actor.Organization, server, cancellationToken) ?? throw NoServer();
        ILookup<string, StoredPin> looks = stored.Tools.SelectMany(t => ConfusableNames.KeysOf(t.Tool).Select(key => (key, t))).ToLookup(p => p.key, p => p.t, StringComparer.Ordinal);
        return new PinReport(stored.Settings, [.. stored.Tools.OrderByDescending(t => t.Pin.IsPending).ThenBy(t => t.Tool, StringComparer.Ordinal).Select(t => Review(t, looks))]);
    }

    /// <summary>How many tools of each server are known and wait, by this replica's memory; a server that is not in it is <see cref="PinSummary.Unread"/>.</summary>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public IReadOnlyDictionary<ServerId, PinSummary> Summarize(Actor actor)
    {
        actor.Demand(Permission.ViewResources);
        PinSnapshot snapshot = pins.Pins;
        return (routes.Routes.Find(actor.Organization)?.Servers ?? [])
            .Select(r => snapshot.Find(actor.Organization, r.Server.Id)).OfType<ServerPins>()
            .ToDictionary(p => p.Server, p => new PinSummary(p.Settings.Mode, p.Settings.BaselineAt is not null, p.Tools.Count, p.Pending, p.Version));
    }

    /// <summary>Reads the server's definitions now, and answers with what is known then.</summary>
    /// <exception cref="RefusalException">Not allowed, no such server, or it can't be read.</exception>
    public async Task<PinReport> RefreshAsync(Actor actor, ServerId server, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageGovernance);
        ServerRoute route = routes.Routes.Find(actor.Organization)?.FindServer(server) ?? throw NoServer();
        if (!route.Server.Enabled) throw new RefusalException.Conflict("server", "The server is switched off: it is not asked for anything.");
        try
        {
            await watch.ReadAsync(route, cancellationToken);
        }
        catch (CatalogException e)
        {
            throw new RefusalException.Conflict("server", e.Message);
        }

        return await GetAsync(actor, server, cancellationToken);
    }

    /// <summary>Approves definitions as the actor saw them; one that changed meanwhile is left waiting.</summary>
    /// <returns>The names of those that are approved now.</returns>
    /// <exception cref="RefusalException">Not allowed, wrong, or no such server.</exception>
    public Task<IReadOnlyList<string>> ApproveAsync(Actor actor, ServerId server, IReadOnlyList<PinChoice> choices, CancellationToken cancellationToken) =>
        ChangeAsync(actor, choices, () => store.ApproveAsync(actor.Organization, server, choices, actor.Name, Instant.Now(time), ChangeBy(actor, AdminAction.ToolDefinitionsApprove, server), cancellationToken));

    /// <summary>Approves everything that waits at this moment.</summary>
    /// <exception cref="RefusalException">Not allowed, or no such server.</exception>
    public async Task<IReadOnlyList<string>> ApproveAllAsync(Actor actor, ServerId server, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageGovernance);
        StoredPins stored = await store.FindAsync(actor.Organization, server, cancellationToken) ?? throw NoServer();
        PinChoice[] waiting = [.. stored.Tools.Where(t => t.Pin.IsPending).Select(t => new PinChoice(t.Tool, t.Pin.Seen))];
        return waiting.Length == 0 ? [] : await ApproveAsync(actor, server, waiting, cancellationToken);
    }

    /// <summary>Says no to definitions as the actor saw them: they stay hidden and wait no longer.</summary>
    /// <exception cref="RefusalException">Not allowed, wrong, or no such server.</exception>
    public Task<IReadOnlyList<string>> RejectAsync(Actor actor, ServerId server, IReadOnlyList<PinChoice> choices, CancellationToken cancellationToken) =>
        ChangeAsync(actor, choices, () => store.RejectAsync(actor.Organization, server, choices, ChangeBy(actor, AdminAction.ToolDefinitionsReject, server), cancellationToken));

    /// <summary>Forgets tools that the server has no more; one that comes back is new.</summary>
    /// <returns>How many were known.</returns>
    /// <exception cref="RefusalException">Not allowed, wrong, or no such server.</exception>
    public async Task<int> ForgetAsync(Actor actor, ServerId server, IReadOnlyList<string> tools, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageGovernance);
        Check(tools.Count, tools);
        int gone = await store.ForgetAsync(actor.Organization, server, tools, ChangeBy(actor, AdminAction.ToolDefinitionsForget, server), cancellationToken) ?? throw NoServer();
        if (gone > 0) await PublishAsync(actor);
        return gone;
    }

    /// <summary>Says how closely the server's definitions are watched. To review first also takes back what was approved on trust alone.</summary>
    /// <exception cref="RefusalException">Not allowed, wrong, or no such server.</exception>
    public async Task SetAsync(Actor actor, ServerId server, PinMode mode, bool reviewFirst, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageGovernance);
        new InputCheck().Require(Enum.IsDefined(mode), "mode", "Use allow, alert or quarantine.")
            .Require(mode is PinMode.Quarantine || !reviewFirst, "reviewFirst", "Only quarantine keeps tools closed until they are reviewed.").ThrowIfWrong();
        if (!await store.SetAsync(actor.Organization, server, mode, reviewFirst, ChangeBy(actor, AdminAction.ToolDefinitionsSet, server), cancellationToken)) throw NoServer();
        await PublishAsync(actor);
    }

    private async Task<IReadOnlyList<string>> ChangeAsync(Actor actor, IReadOnlyList<PinChoice> choices, Func<Task<IReadOnlyList<string>?>> change)
    {
        actor.Demand(Permission.ManageGovernance);
        Check(choices.Count, choices.Select(c => c.Tool));
        IReadOnlyList<string> changed = await change() ?? throw NoServer();
        if (changed.Count > 0) await PublishAsync(actor);
        return changed;
    }

    private static void Check(int count, IEnumerable<string> tools)
    {
        InputCheck check = new InputCheck().Require(count is > 0 and <= PinLearner.MostTools, "tools", $"Name 1 to {PinLearner.MostTools:N0} tools.");
        check.ThrowIfWrong();
        foreach (string tool in tools) check.Require(tool is not null && ToolPin.TakesName(tool), "tools", "This is no name of a tool.");
        check.ThrowIfWrong();
    }

    private static PinReview Review(StoredPin tool, ILookup<string, StoredPin> looks)
    {
        if (tool.Pin.State is PinState.Approved) return new PinReview(tool, [], []);
        List<string> warnings = [];
        string? like = ConfusableNames.KeysOf(tool.Tool).SelectMany(key => looks[key]).FirstOrDefault(t => t.Tool != tool.Tool && t.Pin.Approved is not null)?.Tool;
        if (like is not null) warnings.Add($"Its name looks like that of the approved tool “{like}”, and is another one.");
        foreach (string hidden in DefinitionLines.Of(tool.SeenJson).SelectMany(VisibleText.WarningsOf).Distinct(StringComparer.Ordinal)) warnings.Add($"It contains {hidden}.");
        return new PinReview(tool, DefinitionChange.Between(tool.ApprovedJson, tool.SeenJson), warnings);
    }

    private static RefusalException.NotFound NoServer() => new("server");

    private AdminChange ChangeBy(Actor actor, AdminAction action, ServerId server) => AdminChange.By(actor, action, SubjectKinds.Server, server.Value, time);

    private ValueTask PublishAsync(Actor actor) => changes.PublishAsync(new Change(ChangeKind.Configuration, actor.Organization.Value));
}
