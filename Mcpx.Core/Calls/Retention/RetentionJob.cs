using Mcpx.Core.Audit.Chain;
using Mcpx.Core.Jobs;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls.Retention;

/// <summary>
/// Removes what is older than its organisation keeps it: from the beginning of the chain, so that what is left verifies. One
/// replica of many does it; it may be cut off anywhere, since the records themselves say what is left to do.
/// </summary>
public sealed class RetentionJob(IRetentionStore store, ChainKeeper chain, TimeProvider time) : IJob
{
    /// <summary>A day's partition that is empty is not needed any more when no journal can still bring calls of it.</summary>
    private const int EmptyDaysStay = 8;

    public string Name => "retention";

    public TimeSpan Every { get; } = TimeSpan.FromHours(1);

    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        long payloads = 0, records = 0, unlinked = 0;
        foreach (RetentionDuty duty in await store.ListDutiesAsync(cancellationToken))
        {
            // By whole days, so that a day leaves one stub and not one each hour.
            DateTimeOffset payloadsBefore = Instant.DayOf(now.AddDays(-duty.Settings.PayloadDays)), recordsBefore = Instant.DayOf(now.AddDays(-duty.Settings.RecordDays));
            unlinked += await store.RemoveUnlinkedAsync(duty.Organization, recordsBefore, payloadsBefore, cancellationToken);
            if (duty.Organization == OrganizationId.None) continue;
            // Records first: what goes whole needs no stub for its payloads before.
            records += (await chain.RemoveAsync(duty.Organization, recordsBefore, cancellationToken)).Calls;
            payloads += (await chain.RemovePayloadsAsync(duty.Organization, payloadsBefore, cancellationToken)).Calls;
            if (duty.HoldReleasedAt is not null) await store.RemoveReleasedAsync(duty, cancellationToken);
        }

        await store.DropEmptyDaysAsync(Instant.DayOf(now.AddDays(-EmptyDaysStay)), cancellationToken);
        string before = unlinked > 0 ? $" {unlinked} without a link." : "";
        return $"{records} records and the payloads of {payloads} calls passed their time.{before}";
    }
}
