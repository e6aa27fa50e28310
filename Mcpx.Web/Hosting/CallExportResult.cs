using System.Globalization;
using Mcpx.Core.Calls.Export;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Web.Hosting;

/// <summary>Calls as a file that is written while it is read: the API's and the dashboard's download.</summary>
internal sealed class CallExportResult(CallExport export, Actor actor, CallExportOrder order, TimeProvider time) : IResult
{
    /// <exception cref="RefusalException.Invalid">It is none of the formats.</exception>
    public static ExportFormat FormatOf(string? text) => text switch
    {
        "csv" => ExportFormat.Csv,
        "jsonl" => ExportFormat.JsonLines,
        _ => throw new RefusalException.Invalid([new FieldError("format", "Use csv or jsonl.")]),
    };

    public async Task ExecuteAsync(HttpContext http)
    {
        string name = $"calls-{time.GetUtcNow().UtcDateTime.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}";
        bool isCsv = order.Format is ExportFormat.Csv;
        http.Response.ContentType = isCsv ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson; charset=utf-8";
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"{name}.{(isCsv ? "csv" : "jsonl")}\"";
        http.Response.Headers.CacheControl = "no-store";
        try
        {
            await export.WriteAsync(actor, order, http.Response.BodyWriter, http.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // Who asked has gone, or this replica stops: what was written is not all, and must not look so.
            http.Abort();
        }
    }
}
