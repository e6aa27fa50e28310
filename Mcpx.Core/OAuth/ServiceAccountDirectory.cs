using System.Diagnostics.CodeAnalysis;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.OAuth;

/// <summary>Service accounts, in a <see cref="RevocableMemory{TKey, TValue}"/>.</summary>
public sealed class ServiceAccountDirectory : IDisposable
{
    private readonly TimeProvider _time;
    private readonly RevocableMemory<ServiceAccountId, ServiceAccount?> _memory;

    public ServiceAccountDirectory(IServiceAccountStore store, ChangeFeed changes, TimeProvider time)
    {
        _time = time;
        // A configuration change may be the organisation's new name or its end, which stand in the account.
        _memory = new RevocableMemory<ServiceAccountId, ServiceAccount?>(
            changes, [ChangeKind.ServiceAccount, ChangeKind.Configuration],
            (change, id, account) => id.Value == change.Id || account?.Organization.Id.Value == change.Id,
            id => store.FindAsync(id, CancellationToken.None), time);
    }

    /// <summary>False when the database has to be asked.</summary>
    public bool TryGet(ServiceAccountId id, [MaybeNullWhen(false)] out ServiceAccount account) =>
        _memory.TryGetFresh(id, _time.GetUtcNow(), out account) && account is not null;

    /// <summary>Null when the account is gone. Ask for accounts only that a signature of ours names: each costs a place.</summary>
    public ValueTask<ServiceAccount?> GetAsync(ServiceAccountId id, CancellationToken cancellationToken) =>
        _memory.GetAsync(id, _time.GetUtcNow(), cancellationToken);

    public void Dispose() => _memory.Dispose();
}
