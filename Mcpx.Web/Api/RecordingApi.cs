using Mcpx.Core.Calls.Recording;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/recording</c>: how the organisation's calls are recorded.</summary>
internal static class RecordingApi
{
    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/recording", GetAsync);
        write.MapPut("/recording", PutAsync);
    }

    private static async Task<IResult> GetAsync(HttpContext http, RecordingAdmin recording) =>
        Results.Ok(await recording.GetAsync(ActorResolver.FromToken(http), http.RequestAborted));

    private static async Task<IResult> PutAsync(HttpContext http, RecordingAdmin recording, RecordingSettings body) =>
        Results.Ok(await recording.SaveAsync(ActorResolver.FromToken(http), body, http.RequestAborted));
}
