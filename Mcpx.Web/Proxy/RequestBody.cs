using System.Buffers;
using Mcpx.Core.Protocol;
using Microsoft.AspNetCore.Http.Features;

namespace Mcpx.Web.Proxy;

/// <summary>Reads a request's body whole, and not a byte more than is allowed.</summary>
internal static class RequestBody
{
    public const int Longest = 1 << 20;

    private const int FirstBuffer = 4096;

    private static McpError TooLong { get; } = new(413, McpErrorCodes.InvalidRequest, $"The body is longer than {Longest >> 20} MiB.");

    public static async ValueTask<(byte[] Body, McpError? Error)> ReadAsync(HttpContext http)
    {
        // The limit is enforced here, where it can be answered in the protocol's words.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = null;
        long? announced = http.Request.ContentLength;
        if (announced > Longest) return ([], TooLong);
        try
        {
            return announced is { } length ? (await ReadExactlyAsync(http, (int)length), null) : await ReadToEndAsync(http);
        }
        catch (Exception e) when (e is BadHttpRequestException or EndOfStreamException)
        {
            return ([], new McpError(400, McpErrorCodes.InvalidRequest, "The body ended before it was complete."));
        }
    }

    private static async ValueTask<byte[]> ReadExactlyAsync(HttpContext http, int length)
    {
        byte[] body = GC.AllocateUninitializedArray<byte>(length);
        await http.Request.Body.ReadExactlyAsync(body, http.RequestAborted);
        return body;
    }

    private static async ValueTask<(byte[] Body, McpError? Error)> ReadToEndAsync(HttpContext http)
    {
        ArrayBufferWriter<byte> body = new(FirstBuffer);
        int read;
        while ((read = await http.Request.Body.ReadAsync(body.GetMemory(FirstBuffer), http.RequestAborted)) > 0)
        {
            body.Advance(read);
            if (body.WrittenCount > Longest) return ([], TooLong);
        }

        return (body.WrittenSpan.ToArray(), null);
    }
}
