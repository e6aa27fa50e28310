using Mcpx.Core.Primitives;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Changes;

/// <summary>
/// Finds by comparing what a notification should have told. It keeps its own account and does not ask whether somebody
/// was told already: a memory that failed to read a change in gets its second chance here.
/// </summary>
internal sealed class ChangePoll(ScopedContexts contexts, TimeProvider time)
{
    // A revocation carries the time of its statement, and commits later than that.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(2);

    private Dictionary<OrganizationId, long>? _versions;
    private HashSet<RevocationRow> _revoked = [];
    private DateTimeOffset _since = time.GetUtcNow();

    /// <summary>The first look only takes note of what is there.</summary>
    public async Task<IReadOnlyList<Change>> LookAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset from = _since - ClockSkew;
        await using McpxDbContext context = await contexts.OpenAsync(DataScope.Everything, cancellationToken);
        Dictionary<OrganizationId, long> versions = await context.Organizations
            .Select(o => new { o.Id, o.ConfigVersion })
            .ToDictionaryAsync(o => o.Id, o => o.ConfigVersion, cancellationToken);
        HashSet<RevocationRow> revoked = [.. await context.Revocations.AsNoTracking().Where(r => r.At > from).ToListAsync(cancellationToken)];

        List<Change> changes = [];
        if (_versions is not null)
        {
            changes.AddRange(revoked.Except(_revoked).Select(r => r.ToChange()).OfType<Change>().Distinct());
            changes.AddRange(versions.Where(v => !_versions.TryGetValue(v.Key, out long before) || before != v.Value)
                .Select(v => v.Key).Concat(_versions.Keys.Where(id => !versions.ContainsKey(id)))
                .Select(id => new Change(ChangeKind.Configuration, id.Value)));
        }

        (_versions, _revoked, _since) = (versions, revoked, now);
        return changes;
    }
}
