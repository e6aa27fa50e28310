using Mcpx.Core.Audit;
using Mcpx.Core.Governance.Pinning;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Data.Audit;
using Mcpx.Data.Changes;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Governance;

/// <summary>Changes of one organisation happen one after the other (<see cref="ChangeWriter"/>), so rows are read, changed and written.</summary>
internal sealed class ToolPinStore(ScopedContexts contexts, ChangeWriter changes) : IToolPinStore
{
    public async Task<StoredPins?> FindAsync(OrganizationId organization, ServerId server, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Of(organization), cancellationToken);
        if (!await IsThereAsync(context, organization, server, cancellationToken)) return null;
        ServerPinRow? settings = await Settings(context, organization, server).AsNoTracking().SingleOrDefaultAsync(cancellationToken);
        List<ToolPinRow> rows = await Pins(context, organization, server).AsNoTracking().OrderBy(p => p.Name).ToListAsync(cancellationToken);
        return new StoredPins(settings?.ToSettings() ?? PinSettings.Default, [.. rows.Select(r => r.ToStored())]);
    }

    public async Task<IReadOnlyList<PinNews>> NoteAsync(
        OrganizationId organization, ServerId server, PinReading reading, IReadOnlyList<SeenDefinition> seen, DateTimeOffset began, DateTimeOffset now, CancellationToken cancellationToken)
    {
        List<PinNews> news = [];
        await changes.WriteFindingAsync(organization, async context =>
        {
            news.Clear();
            if (!await IsThereAsync(context, organization, server, cancellationToken)) return false;
            ServerPinRow settings = await SettingsOfAsync(context, organization, server, cancellationToken);
            bool isBaseline = settings.BaselineAt is null;
            // A client's list is a part, and that client's: it is no measure for others.
            if (isBaseline && reading is PinReading.Client) return false;
            string[] names = [.. seen.Select(s => s.Tool)];
            Dictionary<string, ToolPinRow> rows = await Pins(context, organization, server).Where(p => names.Contains(p.Name)).ToDictionaryAsync(p => p.Name, StringComparer.Ordinal, cancellationToken);
            int room = PinLearner.MostTools - await Pins(context, organization, server).CountAsync(cancellationToken);
            foreach (SeenDefinition definition in seen)
            {
                if (!rows.TryGetValue(definition.Tool, out ToolPinRow? row))
                {
                    if (room-- <= 0) continue;
                    row = New(organization, server, definition, reading, now);
                    context.ToolPins.Add(row);
                    if (isBaseline && !settings.ReviewFirst) row.Approve(now, by: null);
                }
                else if (reading is PinReading.Own && row.SeenAt > began || !See(row, definition, reading, now))
                {
                    continue;
                }

                news.Add(new PinNews(row.Name, row.ToPin().State));
            }

            if (isBaseline) settings.BaselineAt = now;
            else if (news.Count == 0) return false;
            settings.Version++;
            await context.SaveChangesAsync(cancellationToken);
            return true;
        }, cancellationToken);
        return news;
    }

    public Task<IReadOnlyList<string>?> ApproveAsync(
        OrganizationId organization, ServerId server, IReadOnlyList<PinChoice> choices, string by, DateTimeOffset now, AdminChange change, CancellationToken cancellationToken) =>
        ChangeAsync(organization, server, choices, row => row.Approve(now, by), change, cancellationToken);

    public Task<IReadOnlyList<string>?> RejectAsync(
        OrganizationId organization, ServerId server, IReadOnlyList<PinChoice> choices, AdminChange change, CancellationToken cancellationToken) =>
        ChangeAsync(organization, server, choices, row =>
        {
            row.RejectedHash = row.SeenHash;
            if (!row.SeenByClient || row.ApprovedHash is null) return;
            (row.SeenHash, row.SeenDefinition, row.SeenByClient) = (row.ApprovedHash, null, false);
        }, change, cancellationToken);

    public async Task<int?> ForgetAsync(
        OrganizationId organization, ServerId server, IReadOnlyList<string> tools, AdminChange change, CancellationToken cancellationToken)
    {
        int? gone = null;
        await changes.WriteConfigurationAsync(organization, async context =>
        {
            if (await context.ServerAsync(organization, server, cancellationToken) is not { } name) return null;
            AuditView before = ViewOf(name, await Pins(context, organization, server).AsNoTracking().Where(p => tools.Contains(p.Name)).OrderBy(p => p.Name).ToListAsync(cancellationToken));
            gone = await Pins(context, organization, server).Where(p => tools.Contains(p.Name)).ExecuteDeleteAsync(cancellationToken);
            if (gone == 0) return null;
            (await SettingsOfAsync(context, organization, server, cancellationToken)).Version++;
            await context.SaveChangesAsync(cancellationToken);
            return Written.As(change.Between(before, null));
        }, cancellationToken);
        return gone;
    }

    public Task<bool> SetAsync(OrganizationId organization, ServerId server, PinMode mode, bool reviewFirst, AdminChange change, CancellationToken cancellationToken) =>
        changes.WriteConfigurationAsync(organization, async context =>
        {
            if (await context.ServerAsync(organization, server, cancellationToken) is not { } name) return null;
            ServerPinRow settings = await SettingsOfAsync(context, organization, server, cancellationToken);
            AuditView before = settings.ToSettings().ToAudit(name);
            if (reviewFirst && !settings.ReviewFirst)
            {
                foreach (ToolPinRow row in await Pins(context, organization, server).Where(p => p.ApprovedHash != null && p.ApprovedBy == null).ToListAsync(cancellationToken))
                {
                    row.SeenDefinition ??= row.ApprovedDefinition;
                    (row.ApprovedHash, row.ApprovedDefinition, row.ApprovedAt) = (null, null, null);
                }
            }

            (settings.Mode, settings.ReviewFirst) = (mode, reviewFirst);
            settings.Version++;
            await context.SaveChangesAsync(cancellationToken);
            return Written.As(change.Between(before, settings.ToSettings().ToAudit(name)));
        }, cancellationToken);

    /// <summary>What the tools are, by name.</summary>
    private static AuditView ViewOf(string server, IEnumerable<ToolPinRow> rows)
    {
        AuditView view = new(server);
        foreach (ToolPinRow row in rows) view.With(row.Name, row.ToPin().State);
        return view;
    }

    /// <summary>True when the row changed. What only clients saw stays until somebody decides: the gateway itself may be shown another list.</summary>
    private static bool See(ToolPinRow row, SeenDefinition definition, PinReading reading, DateTimeOffset now)
    {
        byte[] hash = definition.Hash.ToArray();
        bool isApproved = row.ApprovedHash is not null && hash.AsSpan().SequenceEqual(row.ApprovedHash);
        if (hash.AsSpan().SequenceEqual(row.SeenHash) || reading is PinReading.Own && row.SeenByClient && isApproved) return false;
        (row.SeenHash, row.SeenDefinition) = (hash, isApproved ? null : definition.Json.ToArray());
        (row.SeenAt, row.SeenByClient) = (now, reading is PinReading.Client);
        return true;
    }

    private static ToolPinRow New(OrganizationId organization, ServerId server, SeenDefinition definition, PinReading reading, DateTimeOffset now) => new()
    {
        ServerId = server,
        OrgId = organization,
        Name = definition.Tool,
        SeenHash = definition.Hash.ToArray(),
        SeenDefinition = definition.Json.ToArray(),
        SeenAt = now,
        SeenByClient = reading is PinReading.Client,
        FirstSeenAt = now,
    };

    private async Task<IReadOnlyList<string>?> ChangeAsync(
        OrganizationId organization, ServerId server, IReadOnlyList<PinChoice> choices, Action<ToolPinRow> decide, AdminChange change, CancellationToken cancellationToken)
    {
        List<string>? changed = null;
        await changes.WriteConfigurationAsync(organization, async context =>
        {
            if (await context.ServerAsync(organization, server, cancellationToken) is not { } name) return null;
            changed = [];
            AuditView before = new(name), after = new(name);
            string[] names = [.. choices.Select(c => c.Tool)];
            ILookup<string, DefinitionHash> wanted = choices.ToLookup(c => c.Tool, c => c.Hash, StringComparer.Ordinal);
            foreach (ToolPinRow row in await Pins(context, organization, server).Where(p => names.Contains(p.Name)).ToListAsync(cancellationToken))
            {
                if (row.ToPin().State is PinState.Approved || !wanted[row.Name].Contains(row.ToPin().Seen)) continue;
                before.With(row.Name, row.ToPin().State);
                decide(row);
                after.With(row.Name, row.ToPin().State);
                changed.Add(row.Name);
            }

            if (changed.Count == 0) return null;
            (await SettingsOfAsync(context, organization, server, cancellationToken)).Version++;
            await context.SaveChangesAsync(cancellationToken);
            return Written.As(change.Between(before, after));
        }, cancellationToken);
        return changed;
    }

    private static Task<bool> IsThereAsync(McpxDbContext context, OrganizationId organization, ServerId server, CancellationToken cancellationToken) =>
        context.Servers.AnyAsync(s => s.OrgId == organization && s.Id == server, cancellationToken);

    private static async Task<ServerPinRow> SettingsOfAsync(McpxDbContext context, OrganizationId organization, ServerId server, CancellationToken cancellationToken)
    {
        if (await Settings(context, organization, server).SingleOrDefaultAsync(cancellationToken) is { } found) return found;
        ServerPinRow made = new() { ServerId = server, OrgId = organization, Mode = PinSettings.Default.Mode, ReviewFirst = false, Version = 0 };
        context.ServerPins.Add(made);
        return made;
    }

    private static IQueryable<ServerPinRow> Settings(McpxDbContext context, OrganizationId organization, ServerId server) =>
        context.ServerPins.Where(p => p.OrgId == organization && p.ServerId == server);

    private static IQueryable<ToolPinRow> Pins(McpxDbContext context, OrganizationId organization, ServerId server) =>
        context.ToolPins.Where(p => p.OrgId == organization && p.ServerId == server);
}
