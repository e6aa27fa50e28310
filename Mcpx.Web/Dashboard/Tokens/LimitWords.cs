using Mcpx.Core.Identity;

namespace Mcpx.Web.Dashboard.Tokens;

/// <summary>A credential's limits in words.</summary>
internal static class LimitWords
{
    public static string Endpoints(CallerLimits limits, IReadOnlyList<EndpointName> names) => limits.Endpoints switch
    {
        null => "all servers and gateways",
        { Count: 0 } => "none",
        { Count: <= 3 } some => string.Join(", ", some.Select(id => names.FirstOrDefault(n => n.Id == id)?.Name ?? "one that is gone")),
        { } many => $"{many.Count} servers and gateways",
    };

    public static string Tools(CallerLimits limits) => limits.Tools switch
    {
        null => "all tools",
        { Count: <= 3 } some => string.Join(", ", some),
        { } many => $"{many.Count} names and patterns",
    };

    public static string Short(CallerLimits limits, IReadOnlyList<EndpointName> names) => (limits.Endpoints, limits.Tools) switch
    {
        (null, null) => "everything",
        ({ }, null) => Endpoints(limits, names),
        (null, { }) => $"tools {Tools(limits)}",
        _ => $"{Endpoints(limits, names)}; tools {Tools(limits)}",
    };
}
