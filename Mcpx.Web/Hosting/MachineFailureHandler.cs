using Microsoft.AspNetCore.Diagnostics;

namespace Mcpx.Web.Hosting;

/// <summary>
/// A failure of ours outside the REST API: people get the error page, everything else problem details. The last handler
/// that is asked, since it answers for all doors that have none of their own.
/// </summary>
internal sealed partial class MachineFailureHandler(ILogger<MachineFailureHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext http, Exception exception, CancellationToken cancellationToken)
    {
        // The request already carries the error page's path here; the feature has the one that failed.
        PathString path = http.Features.Get<IExceptionHandlerPathFeature>()?.Path ?? http.Request.Path;
        if (DashboardSetup.IsPersonLookingForAPage(http, path)) return false;
        // The middleware is silent about what a handler took.
        LogFailed(logger, exception, http.Request.Method, path);
        await Results.Problem(statusCode: StatusCodes.Status500InternalServerError, title: "mcpx failed.", detail: "The operator's log says more.").ExecuteAsync(http);
        return true;
    }

    [LoggerMessage(6020, LogLevel.Error, "{Method} {Path} failed.")]
    private static partial void LogFailed(ILogger logger, Exception exception, string method, PathString path);
}
