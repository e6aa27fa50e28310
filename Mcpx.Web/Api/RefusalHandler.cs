using System.Globalization;
using Mcpx.Core.Primitives;
using Microsoft.AspNetCore.Diagnostics;

namespace Mcpx.Web.Api;

/// <summary>Refusals as problem details (RFC 9457).</summary>
internal sealed partial class RefusalHandler(ILogger<RefusalHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext http, Exception exception, CancellationToken cancellationToken)
    {
        // The request already carries the error page's path here; the feature has the one that failed.
        PathString path = http.Features.Get<IExceptionHandlerPathFeature>()?.Path ?? http.Request.Path;
        if (!path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase)) return false;
        IResult result = exception switch
        {
            RefusalException.Invalid e => Results.ValidationProblem(
                e.Errors.GroupBy(x => x.Field).ToDictionary(g => g.Key, g => g.Select(x => x.Message).Distinct().ToArray()),
                title: "The request is not valid.", detail: e.Message),
            RefusalException.NotFound e => Problem(StatusCodes.Status404NotFound, "Not found.", e.Message),
            RefusalException.Conflict e => Results.Problem(statusCode: StatusCodes.Status409Conflict, title: "It is taken.", detail: e.Message,
                extensions: new Dictionary<string, object?> { ["errors"] = new Dictionary<string, string[]> { [e.Field] = [e.Message] } }),
            RefusalException.TooMany e => TooMany(http, e),
            RefusalException.Forbidden e => Problem(StatusCodes.Status403Forbidden, "Not allowed.", e.Message),
            BadHttpRequestException e => Problem(e.StatusCode, "The request can't be read.", Explain(e)),
            _ => Failed(exception),
        };
        await result.ExecuteAsync(http);
        return true;
    }

    private static IResult Problem(int status, string title, string detail) => Results.Problem(statusCode: status, title: title, detail: detail);

    private static IResult TooMany(HttpContext http, RefusalException.TooMany refusal)
    {
        http.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(refusal.RetryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return Problem(StatusCodes.Status429TooManyRequests, "Too many requests.", refusal.Message);
    }

    /// <summary>The reader's own words name the member and the place; the framework's wrapper names our parameter.</summary>
    private static string Explain(BadHttpRequestException exception) =>
        exception.InnerException is System.Text.Json.JsonException json ? json.Message : exception.Message;

    private IResult Failed(Exception exception)
    {
        LogFailed(logger, exception);
        return Problem(StatusCodes.Status500InternalServerError, "mcpx failed.", "The operator's log says more.");
    }

    [LoggerMessage(5001, LogLevel.Error, "A request to the REST API failed.")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
