using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls;

/// <summary>Which calls are asked for; null members don't filter.</summary>
/// <param name="Outcomes">Any of these.</param>
/// <param name="Cursor">The <see cref="Page{T}.Next"/> of the page before.</param>
/// <param name="Gateway">Calls that came through this virtual gateway.</param>
/// <param name="ServiceAccount">Calls that this service account made.</param>
/// <param name="WouldBeDenied">Calls that passed only because a rule is not enforced yet.</param>
/// <param name="FirstRound">This call and those that go on with it, see <see cref="CallRecord.FirstRound"/>.</param>
public sealed record CallFilter(
    ServerId? Server = null,
    string? Method = null,
    string? Tool = null,
    IReadOnlyList<CallOutcome>? Outcomes = null,
    DateTimeOffset? From = null,
    DateTimeOffset? To = null,
    string? Cursor = null,
    int Size = 50,
    GatewayId? Gateway = null,
    ServiceAccountId? ServiceAccount = null,
    bool WouldBeDenied = false,
    CallId? FirstRound = null);

/// <summary>What of a recorded call of a tool would decide it again.</summary>
/// <param name="Tool">As the server calls it.</param>
/// <param name="CallerName">The person's or the service account's; what it was then.</param>
/// <param name="WasDenied">A rule refused it.</param>
/// <param name="Request">The whole message; null when it was not kept.</param>
/// <param name="IsTruncated">Only the beginning of the message was kept.</param>
/// <param name="IsRedacted">Some values of the message are not what was sent.</param>
public sealed record RecordedCall(
    DateTimeOffset Time, UserId? User, ServiceAccountId? ServiceAccount, TokenId? Token, string CallerName, string Tool, bool WasDenied, byte[]? Request, bool IsTruncated, bool IsRedacted);

/// <summary>Where finished calls are kept and read.</summary>
public interface ICallStore
{
    /// <summary>Redacts a batch and writes it in one transaction; a record that is already there is left alone (the write may be repeated).</summary>
    Task WriteAsync(IReadOnlyList<CallRecord> calls, CancellationToken cancellationToken);

    /// <summary>Records as interrupted what began before then and has no end yet; returns how many calls that were.</summary>
    Task<int> EndInterruptedAsync(DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>Newest first, without payloads.</summary>
    Task<Page<CallRecord>> ListAsync(OrganizationId organization, CallFilter filter, CancellationToken cancellationToken);

    /// <summary>Calls of tools of one server, newest first, with what was asked for; without those that never came to a decision.</summary>
    /// <param name="most">No more than these.</param>
    IAsyncEnumerable<RecordedCall> ReadToolCallsAsync(OrganizationId organization, ServerId server, DateTimeOffset from, int most, CancellationToken cancellationToken);

    /// <summary>With payloads; null when the organisation has no such call.</summary>
    Task<CallRecord?> FindAsync(OrganizationId organization, CallId id, CancellationToken cancellationToken);
}

/// <summary>Told of each finished call, on the call's path: be quick and don't throw.</summary>
public interface ICallSink
{
    void CallFinished(CallRecord call);
}
