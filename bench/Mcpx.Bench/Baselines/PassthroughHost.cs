using System.Diagnostics;
using Mcpx.Bench.Processes;
using Microsoft.AspNetCore.Http;

namespace Mcpx.Bench.Baselines;

/// <summary>The least that a .NET reverse proxy can do: Kestrel in, <see cref="SocketsHttpHandler"/> out, headers and bytes copied.</summary>
internal static class PassthroughHost
{
    public const string Role = "passthrough";

    public static async Task<int> RunAsync(Uri target, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
        };
        // HttpMessageInvoker and not HttpClient: no timer and no linked token per call, so the baseline is the harder one to match.
        using var upstream = new HttpMessageInvoker(handler);
        return await RoleHost.RunAsync(context => ForwardAsync(context, upstream, target), cancellationToken);
    }

    private static async Task ForwardAsync(HttpContext context, HttpMessageInvoker upstream, Uri target)
    {
        using var request = new HttpRequestMessage(
            new HttpMethod(context.Request.Method), new Uri(target, context.Request.Path + context.Request.QueryString));
        if (context.Request.ContentLength is not null) request.Content = new StreamContent(context.Request.Body);
        foreach (var (name, values) in context.Request.Headers)
        {
            if (IsHopByHop(name)) continue;
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
        using var answer = await upstream.SendAsync(request, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.NonValidated) Copy(context, name, values.ToString());
        foreach (var (name, values) in answer.Content.Headers.NonValidated) Copy(context, name, values.ToString());
        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private static void Copy(HttpContext context, string name, string value)
    {
        if (!IsHopByHop(name)) context.Response.Headers[name] = value;
    }

    private static bool IsHopByHop(string name) =>
        name.Equals("Host", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Connection", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Keep-Alive", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase);
}
