using Mcpx.Core.Primitives;
using Microsoft.AspNetCore.Http.Features;

namespace Mcpx.Web.Api;

/// <summary>
/// Bounds the bodies of requests. Kestrel's own limit closes the connection over a body that is announced as too long,
/// and most clients then see a reset instead of the 413. Without it Kestrel sends the answer and takes in what still
/// comes, for no more than five seconds.
/// </summary>
internal sealed class BodyLimit(RequestDelegate next)
{
    public const int Longest = 1 << 20;

    public Task InvokeAsync(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = null;
        if (http.Request.ContentLength > Longest) throw TooLong();
        http.Request.Body = new Counted(http.Request.Body);
        return next(http);
    }

    private static BadHttpRequestException TooLong() => new($"The body is longer than {Longest >> 20} MiB.", StatusCodes.Status413PayloadTooLarge);

    /// <summary>A body of a length that nobody announced shows only while it is read that it is too long.</summary>
    private sealed class Counted(Stream body) : AsyncReadStream
    {
        private long _read;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int read = await body.ReadAsync(buffer, cancellationToken);
            return (_read += read) <= Longest ? read : throw TooLong();
        }
    }
}
