using System.Globalization;
using System.Text.Json;
using Mcpx.Core.Calls;
using Mcpx.Core.Primitives;

namespace Mcpx.Data.Calls;

/// <summary>A filter of calls as <c>calls_condition</c> of isolation.sql reads it: null members say nothing.</summary>
internal static class CallFilterJson
{
    /// <exception cref="RefusalException.Invalid">The cursor is not one of ours.</exception>
    public static string Of(OrganizationId organization, CallFilter filter)
    {
        TimeCursor? cursor = filter.Cursor is { } text ? TimeCursor.Parse(text) : null;
        bool searches = filter.Words is { Count: > 0 };
        return JsonSerializer.Serialize(new
        {
            server = filter.Server?.Value,
            gateway = filter.Gateway?.Value,
            user = filter.User?.Value,
            serviceAccount = filter.ServiceAccount?.Value,
            token = filter.Token?.Value,
            method = PostgresText.Clean(filter.Method),
            tool = PostgresText.Clean(filter.Tool),
            rule = PostgresText.Clean(filter.Rule),
            outcomes = filter.Outcomes is { } outcomes ? $"{{{string.Join(',', outcomes.Select(o => (short)o))}}}" : null,
            // Lets the planner see that an index of these alone will do.
            isFailed = filter.Outcomes?.Contains(CallOutcome.Ok) is false ? true : (bool?)null,
            minMicroseconds = filter.MinMicroseconds,
            maxMicroseconds = filter.MaxMicroseconds,
            wouldBeDenied = filter.WouldBeDenied,
            firstRound = filter.FirstRound?.Value,
            words = searches ? CallLexemes.Query(organization, filter.Reader, filter.Words!) : null,
            // The words ask for the caller too; this is what must hold, whatever they ask for. Nobody's calls are of no caller.
            caller = searches && !filter.Reader.SeesAll ? filter.Reader.Caller ?? Guid.Empty : (Guid?)null,
            from = Instant(filter.From),
            to = Instant(filter.To),
            beforeTime = Instant(cursor?.Time),
            beforeId = cursor?.Id,
        });
    }

    /// <summary>In microseconds, cut off as the database's own parameters are.</summary>
    private static string? Instant(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
}
