using System.Net.Http.Headers;
using System.Net.Http.Json;
using Mcpx.Bench.Load;
using Mcpx.Bench.Processes;

namespace Mcpx.Bench.Gateway;

/// <summary>Registers the upstream through the REST API, as a user would, and waits until a call comes through.</summary>
internal sealed class GatewayAdmin(GatewayWelcome welcome) : IDisposable
{
    private const string Slug = "bench";
    private static readonly TimeSpan SnapshotPatience = TimeSpan.FromSeconds(15);

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { UseProxy = false });

    /// <summary>The gateway's endpoint for <paramref name="upstream"/>; its token stays between gateway and upstream.</summary>
    public async Task<LoadTarget> PublishAsync(LoadTarget upstream, CancellationToken cancellationToken)
    {
        var server = new
        {
            name = "Bench",
            slug = Slug,
            url = upstream.Endpoint.AbsoluteUri,
            credential = new { kind = "bearer", secret = upstream.Token },
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(new Uri(welcome.Url), "/api/servers"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", welcome.Token);
        request.Content = JsonContent.Create(server);
        using var answer = await _http.SendAsync(request, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            var said = await answer.Content.ReadAsStringAsync(cancellationToken);
            throw new BenchException($"POST /api/servers was answered with {(int)answer.StatusCode}: {said}");
        }
        var target = upstream with
        {
            Endpoint = new Uri(new Uri(welcome.Url), $"/mcp/{welcome.Organization}/server/{Slug}"),
            Token = welcome.Token,
        };
        await UntilCallableAsync(target, cancellationToken);
        return target;
    }

    public void Dispose() => _http.Dispose();

    // The snapshot that the proxy reads is swapped after the commit, so the first calls may come too early.
    private static async Task UntilCallableAsync(LoadTarget target, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(SnapshotPatience);
        while (true)
        {
            var probe = await ClosedLoop.RunAsync(target, concurrency: 1, calls: 1, cancellationToken);
            if (probe.Failed == 0) return;
            if (patience.IsCancellationRequested) throw new BenchException($"No call comes through the gateway: {probe.Problems[0]}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        }
    }
}
