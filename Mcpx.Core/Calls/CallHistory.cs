using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls;

/// <summary>Which calls are asked for; null members don't filter.</summary>
/// <param name="Outcomes">Any of these.</param>
/// <param name="Cursor">The <see cref="Page{T}.Next"/> of the page before.</param>
/// <param name="Gateway">Calls that came through this virtual gateway.</param>
public sealed record CallFilter(
    ServerId? Server = null,
    string? Method = null,
    string? Tool = null,
    IReadOnlyList<CallOutcome>? Outcomes = null,
    DateTimeOffset? From = null,
    DateTimeOffset? To = null,
    string? Cursor = null,
    int Size = 50,
    GatewayId? Gateway = null);

/// <summary>Where finished calls are kept and read.</summary>
public interface ICallStore
{
    /// <summary>Writes a batch in one transaction; a record that is already there is left alone (the write may be repeated).</summary>
    Task WriteAsync(IReadOnlyList<CallRecord> calls, CancellationToken cancellationToken);

    /// <summary>Newest first, without payloads.</summary>
    Task<Page<CallRecord>> ListAsync(OrganizationId organization, CallFilter filter, CancellationToken cancellationToken);

    /// <summary>With payloads; null when the organisation has no such call.</summary>
    Task<CallRecord?> FindAsync(OrganizationId organization, CallId id, CancellationToken cancellationToken);
}

/// <summary>Told of each finished call, on the call's path: be quick and don't throw.</summary>
public interface ICallSink
{
    void CallFinished(CallRecord call);
}
