using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Mcpx.ConformanceServer;

/// <summary>MCP 2026-07-28, "Caching": everything here is the same for everybody.</summary>
internal static class Caching
{
    public static void AddTo(McpRequestFilters filters)
    {
        filters.ListToolsFilters.Add(Hint<ListToolsRequestParams, ListToolsResult>);
        filters.ListPromptsFilters.Add(Hint<ListPromptsRequestParams, ListPromptsResult>);
        filters.ListResourcesFilters.Add(Hint<ListResourcesRequestParams, ListResourcesResult>);
        filters.ListResourceTemplatesFilters.Add(Hint<ListResourceTemplatesRequestParams, ListResourceTemplatesResult>);
        filters.ReadResourceFilters.Add(Hint<ReadResourceRequestParams, ReadResourceResult>);
    }

    private static McpRequestHandler<TParams, TResult> Hint<TParams, TResult>(McpRequestHandler<TParams, TResult> next)
        where TResult : ICacheableResult =>
        async (request, cancellationToken) =>
        {
            var result = await next(request, cancellationToken);
            result.TimeToLive = TimeSpan.FromMinutes(5);
            result.CacheScope = CacheScope.Public;
            return result;
        };
}
