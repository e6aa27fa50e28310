using Mcpx.Core.Proxy;

namespace Mcpx.Web.Proxy;

/// <summary>The pipeline's answer over Kestrel.</summary>
internal sealed class HttpProxyResponse(HttpContext http, TimeProvider time) : IProxyResponse
{
    public bool HasStarted { get; private set; }

    public long FirstByteAt { get; private set; }

    public void Start(int status, string? contentType, long? length, IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        HasStarted = true;
        HttpResponse response = http.Response;
        response.StatusCode = status;
        if (contentType is not null) response.ContentType = contentType;
        response.ContentLength = length;
        foreach ((string name, string value) in headers)
            response.Headers[name] = value;
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        if (FirstByteAt == 0) FirstByteAt = time.GetTimestamp();
        // Nothing to write still sends the headers: starting only settles them, and a client waits for them until the first
        // event. A 204 refuses even an empty body.
        if (data.IsEmpty) await http.Response.BodyWriter.FlushAsync(cancellationToken);
        else await http.Response.BodyWriter.WriteAsync(data, cancellationToken);
    }

    public ValueTask FinishAsync(ReadOnlyMemory<byte> data) => WriteAsync(data, http.RequestAborted);

    public void Abort() => http.Abort();
}
