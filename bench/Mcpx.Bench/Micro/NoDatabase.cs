using Mcpx.Core.Calls;
using Mcpx.Core.Primitives;

namespace Mcpx.Bench.Micro;

/// <summary>Takes every record and keeps none: the journal is measured, not what is behind it.</summary>
internal sealed class NoDatabase : ICallStore
{
    public Task WriteAsync(IReadOnlyList<CallRecord> calls, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<int> EndInterruptedAsync(DateTimeOffset before, CancellationToken cancellationToken) => Task.FromResult(0);

    public Task<Page<CallRecord>> ListAsync(OrganizationId organization, CallFilter filter, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<CallCount> CountAsync(OrganizationId organization, CallFilter filter, int most, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<CallRecord>> ReadPayloadsAsync(OrganizationId organization, IReadOnlyList<CallRecord> calls, CancellationToken cancellationToken) => throw new NotSupportedException();

    public IAsyncEnumerable<RecordedCall> ReadToolCallsAsync(OrganizationId organization, ServerId server, DateTimeOffset from, int most, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<CallRecord?> FindAsync(OrganizationId organization, CallId id, CancellationToken cancellationToken) => throw new NotSupportedException();
}
