using System.Net;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Servers;

/// <summary>
/// Stands between the SDK's client and the network: the SDK reads answers of any length, goes wherever a server of
/// 2024-11-05 sends it, and does not say when the stream of notices has ended.
/// </summary>
internal sealed class CatalogHttp(Uri endpoint, long longestAnswer) : DelegatingHandler
{
    private readonly TaskCompletionSource<HttpStatusCode?> _streamEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>True when an answer was cut off because it was longer than allowed.</summary>
    public bool AnswerTooLong { get; private set; }

    /// <summary>Called when the GET stream is open: from here on notices come.</summary>
    public Action? StreamOpened { get; init; }

    /// <summary>What to call ourselves; null for nothing.</summary>
    public string? UserAgent { get; init; }

    /// <summary>When the GET stream has ended; the status that refused it, or null when it was open.</summary>
    public Task<HttpStatusCode?> StreamEnded => _streamEnded.Task;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // HTTP+SSE lets the server name where to POST; to another host the credential would go with it.
        if (Uri.Compare(request.RequestUri, endpoint, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) != 0)
            throw CatalogException.NotMcp("The server sends its clients to another host.");

        if (UserAgent is not null) request.Headers.TryAddWithoutValidation("User-Agent", UserAgent);
        bool isStream = request.Method == HttpMethod.Get;
        try
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            HttpContent content = response.Content;
            LimitedStream body = new(await content.ReadAsStreamAsync(cancellationToken), longestAnswer, OnTooLong);
            if (isStream && response.IsSuccessStatusCode)
            {
                body.Ended = () => _streamEnded.TrySetResult(null);
                StreamOpened?.Invoke();
            }
            else if (isStream)
            {
                _streamEnded.TrySetResult(response.StatusCode);
            }

            response.Content = new StreamContent(body);
            foreach ((string name, IEnumerable<string> values) in content.Headers)
                response.Content.Headers.TryAddWithoutValidation(name, values);
            return response;
        }
        catch when (isStream)
        {
            _streamEnded.TrySetResult(null);
            throw;
        }
    }

    private void OnTooLong() => AnswerTooLong = true;

    private sealed class LimitedStream(Stream inner, long limit, Action onTooLong) : AsyncReadStream
    {
        private long _left = limit;

        public Action? Ended { get; set; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int read = await inner.ReadAsync(buffer, cancellationToken);
            _left -= read;
            if (_left >= 0) return read;
            onTooLong();
            throw new IOException("The answer is too long.");
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            Ended?.Invoke();
            base.Dispose(disposing);
        }
    }
}
