using Mcpx.Core.Calls.Search;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls;

/// <summary>Which calls are asked for; null members don't filter.</summary>
/// <param name="Outcomes">Any of these.</param>
/// <param name="Cursor">The <see cref="Page{T}.Next"/> of the page before.</param>
/// <param name="Gateway">Calls that came through this virtual gateway.</param>
/// <param name="ServiceAccount">Calls that this service account made.</param>
/// <param name="WouldBeDenied">Calls that passed only because a rule is not enforced yet.</param>
/// <param name="FirstRound">This call and those that go on with it, see <see cref="CallRecord.FirstRound"/>.</param>
/// <param name="User">Calls that this person made.</param>
/// <param name="Token">Calls that were made with this token.</param>
/// <param name="Rule">The rule that decided, whole: see <see cref="CallRecord.Rule"/>.</param>
/// <param name="MinMicroseconds">Calls that took at least as long.</param>
/// <param name="MaxMicroseconds">Calls that took at most as long.</param>
/// <param name="Words">All of these are in the payloads, see <see cref="CallWords"/>.</param>
/// <param name="Reader">Who looks: <paramref name="Words"/> find no call whose payloads they may not see.</param>
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
    CallId? FirstRound = null,
    UserId? User = null,
    TokenId? Token = null,
    string? Rule = null,
    long? MinMicroseconds = null,
    long? MaxMicroseconds = null,
    IReadOnlyList<SearchWord>? Words = null,
    PayloadReader Reader = default);

/// <summary>How many calls match, as far as they were counted.</summary>
/// <param name="Found">Null when counting took too long.</param>
/// <param name="IsWhole">False when there are more.</param>
public sealed record CallCount(int? Found, bool IsWhole);

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

    /// <summary>How many calls match, counted up to <paramref name="most"/> and for a second or two.</summary>
    Task<CallCount> CountAsync(OrganizationId organization, CallFilter filter, int most, CancellationToken cancellationToken);

    /// <summary>The same calls in their order, with payloads where there are any.</summary>
    Task<IReadOnlyList<CallRecord>> ReadPayloadsAsync(OrganizationId organization, IReadOnlyList<CallRecord> calls, CancellationToken cancellationToken);

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
