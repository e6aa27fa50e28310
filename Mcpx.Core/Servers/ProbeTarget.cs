using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Mcpx.Core.Servers;

/// <summary>The server that is probed.</summary>
/// <param name="http">Puts the credential on.</param>
internal sealed class ProbeTarget(HttpMessageInvoker http, Uri url, TimeProvider time)
{
    public Uri Url => url;

    public TimeProvider Time => time;

    public static TimeSpan LongestRequest { get; } = TimeSpan.FromSeconds(10);

    /// <summary>Answers as soon as the headers are there. Redirects are not followed.</summary>
    /// <exception cref="HttpRequestException">Nothing came, or (with its status) the credential is refused.</exception>
    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, Uri to, string? body, CancellationToken cancellationToken, params IEnumerable<(string Name, string Value)> headers)
    {
        using HttpRequestMessage request = new(method, to);
        if (body is not null) request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        request.Headers.TryAddWithoutValidation("Accept", method == HttpMethod.Get ? "text/event-stream" : "application/json, text/event-stream");
        foreach ((string name, string value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);

        HttpResponseMessage response = await http.SendAsync(request, cancellationToken);
        if (response.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)) return response;
        using (response) throw Failure(response);
    }

    public static HttpRequestException Failure(HttpResponseMessage response) => new(message: null, inner: null, response.StatusCode);

    /// <exception cref="TimeoutException">It took longer.</exception>
    public async Task<T> WithinAsync<T>(TimeSpan patience, Func<CancellationToken, Task<T>> run, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(patience, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await run(either.Token);
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"No answer within {patience.TotalSeconds:0} seconds.", e);
        }
    }
}
