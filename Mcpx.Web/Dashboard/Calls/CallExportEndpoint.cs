using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Export;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication;
using Mcpx.Web.Hosting;

namespace Mcpx.Web.Dashboard.Calls;

/// <summary>The file behind the button “Export” of the calls page.</summary>
internal static class CallExportEndpoint
{
    // Not below the calls, where the page of one call would be found first: the pages' organisation has a constraint.
    public static void MapCallExport(this IEndpointRouteBuilder endpoints) => endpoints.MapGet("/{org}/export/calls", ExportAsync).RequireAuthorization(Policies.Dashboard);

    private static async Task<IResult> ExportAsync(HttpContext http, ActorResolver actors, CallQueries queries, CallExport export, TimeProvider time, string org)
    {
        if (await actors.FindAsync(http.User, org, http.RequestAborted) is not { } actor) return Results.NotFound();
        try
        {
            CallQuery query = CallQuery.Parse(name => http.Request.Query[name]) with { Cursor = null };
            ExportFormat format = CallExportResult.FormatOf(http.Request.Query["format"]);
            CallFilter filter = await queries.ReadAsync(actor, query, http.RequestAborted);
            return new CallExportResult(export, actor, new CallExportOrder(filter, query.ToText(), format, http.Request.Query["payloads"] == "true"), time);
        }
        catch (RefusalException e)
        {
            return Results.Text(e.Message, statusCode: StatusCodes.Status400BadRequest);
        }
    }
}
