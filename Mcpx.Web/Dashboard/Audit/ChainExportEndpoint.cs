using Mcpx.Core.Audit.Chain;
using Mcpx.Core.Identity;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Dashboard.Audit;

/// <summary>The file behind the button “Download” of the audit page, written while it is read.</summary>
internal static class ChainExportEndpoint
{
    public const string FileName = "audit-chain.jsonl";

    public static void MapChainExport(this IEndpointRouteBuilder endpoints) => endpoints.MapGet("/{org}/export/audit", ExportAsync).RequireAuthorization(Policies.Dashboard);

    private static async Task<IResult> ExportAsync(HttpContext http, ActorResolver actors, ChainAdmin chain, string org)
    {
        if (await actors.FindAsync(http.User, org, http.RequestAborted) is not { } actor) return Results.NotFound();
        if (!actor.Role.Allows(Permission.ViewAuditLog)) return Results.Text("Admins and Owners read the audit log.", statusCode: StatusCodes.Status403Forbidden);
        http.Response.Headers.CacheControl = "no-store";
        return Results.Stream(output => chain.ReadExportAsync(actor, output, http.RequestAborted), "application/x-ndjson", FileName);
    }
}
