using System.Globalization;
using Mcpx.Core.Gateways;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Calls.Search;

/// <summary>Makes filters of what stands in addresses.</summary>
public sealed class CallQueries(ServerAdmin servers, GatewayAdmin gateways, TimeProvider time)
{
    private const double MicrosecondsPerMillisecond = 1000;

    // A day, which is longer than any call may take.
    private const double LongestMilliseconds = 86_400_000;

    private static readonly CallOutcome[] RefusedOutcomes = [CallOutcome.Denied, CallOutcome.RateLimited, CallOutcome.Unauthenticated];

    /// <summary>What the error rate counts.</summary>
    public static IReadOnlyList<CallOutcome> FailedOutcomes { get; } = [CallOutcome.ToolError, CallOutcome.UpstreamError, CallOutcome.Timeout, CallOutcome.Interrupted];

    /// <summary>The filter; what is relative to now is so at this moment.</summary>
    /// <exception cref="RefusalException.Invalid">Something of it can't be understood.</exception>
    /// <exception cref="RefusalException.NotFound">There is no server or gateway of that slug.</exception>
    public async Task<CallFilter> ReadAsync(Actor actor, CallQuery query, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        CallFilter filter = ReadResolved(query with { Server = null, Gateway = null });
        return filter with { Server = await ServerOfAsync(actor, query.Server, cancellationToken), Gateway = await GatewayOfAsync(actor, query.Gateway, cancellationToken) };
    }

    /// <summary>The query with servers and gateways by their ids: it means the same when they are renamed, or gone.</summary>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public async Task<CallQuery> ResolveAsync(Actor actor, CallQuery query, CancellationToken cancellationToken)
    {
        CallFilter filter = await ReadAsync(actor, query, cancellationToken);
        return query with { Server = filter.Server?.ToString(), Gateway = filter.Gateway?.ToString() };
    }

    /// <summary>The filter of a query that names servers and gateways by their ids.</summary>
    /// <exception cref="RefusalException.Invalid">Something of it can't be understood.</exception>
    public CallFilter ReadResolved(CallQuery query)
    {
        InputCheck check = new();
        TimeSpan? range = TimeInput.Length(query.Range);
        check.Require(query.Range is null || range is not null, "range", "Use a number and m, h or d: 15m, 6h, 30d.");
        DateTimeOffset? from = TimeInput.Instant(check, query.From, "from");
        if (range is { } span && (from is null || from < time.GetUtcNow() - span)) from = time.GetUtcNow() - span;
        CallFilter filter = new(
            Server: IdOf<ServerId>(check, query.Server, "server"), Gateway: IdOf<GatewayId>(check, query.Gateway, "gateway"),
            Method: query.Method, Tool: query.Tool, Outcomes: OutcomesOf(check, query.Outcome), From: from, To: TimeInput.Instant(check, query.To, "to"), Cursor: query.Cursor,
            ServiceAccount: IdOf<ServiceAccountId>(check, query.ServiceAccount, "serviceAccount"), WouldBeDenied: query.Outcome == CallQuery.WouldBeDenied,
            FirstRound: IdOf<CallId>(check, query.FirstRound, "firstRound"), User: IdOf<UserId>(check, query.User, "user"), Token: IdOf<TokenId>(check, query.Token, "token"), Rule: query.Rule,
            MinMicroseconds: MicrosecondsOf(check, query.MinMs, "minMs"), MaxMicroseconds: MicrosecondsOf(check, query.MaxMs, "maxMs"), Words: CallWords.Parse(check, query.Text, "text"));
        check.ThrowIfWrong();
        return filter;
    }

    /// <summary>An id names also what is gone; a slug only what is there.</summary>
    internal async Task<ServerId?> ServerOfAsync(Actor actor, string? text, CancellationToken cancellationToken) =>
        text is null ? null : EntityId.TryParse(text, out ServerId id) ? id : (await servers.GetBySlugAsync(actor, text, cancellationToken)).Server.Id;

    /// <inheritdoc cref="ServerOfAsync"/>
    internal async Task<GatewayId?> GatewayOfAsync(Actor actor, string? text, CancellationToken cancellationToken) =>
        text is null ? null : EntityId.TryParse(text, out GatewayId id) ? id : (await gateways.GetBySlugAsync(actor, text, cancellationToken)).Gateway.Id;

    private static TId? IdOf<TId>(InputCheck check, string? text, string field) where TId : struct, IEntityId<TId>
    {
        if (text is null) return null;
        check.Require(EntityId.TryParse(text, out TId id), field, "Use an id.");
        return id;
    }

    private static IReadOnlyList<CallOutcome>? OutcomesOf(InputCheck check, string? text)
    {
        if (text is null or CallQuery.WouldBeDenied) return null;
        if (text is CallQuery.Failed) return FailedOutcomes;
        if (text is CallQuery.Refused) return RefusedOutcomes;
        foreach (CallOutcome outcome in Enum.GetValues<CallOutcome>())
        {
            if (string.Equals(outcome.ToString(), text, StringComparison.OrdinalIgnoreCase)) return [outcome];
        }

        string names = string.Join(", ", Enum.GetNames<CallOutcome>().Select(n => char.ToLowerInvariant(n[0]) + n[1..]));
        check.Require(false, "outcome", $"Use one of {names}, {CallQuery.Failed}, {CallQuery.Refused}, {CallQuery.WouldBeDenied}.");
        return null;
    }

    private static long? MicrosecondsOf(InputCheck check, string? text, string field)
    {
        if (text is null) return null;
        bool isNumber = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double milliseconds) && milliseconds <= LongestMilliseconds;
        check.Require(isNumber, field, $"Use milliseconds, 0 to {LongestMilliseconds:0}.");
        return isNumber ? (long)Math.Round(milliseconds * MicrosecondsPerMillisecond) : null;
    }
}
