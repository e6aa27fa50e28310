using Mcpx.Tests.Fixtures;
using Microsoft.AspNetCore.Http;

namespace Mcpx.Tests.Proxy.Bridge;

/// <summary>Answers to the gateway's probe by servers of one era.</summary>
internal static class Eras
{
    public static Task StatelessOnlyAsync(HttpContext http, SeenRequest request) => request.Text.Contains("server/discover", StringComparison.Ordinal)
        ? FakeUpstream.BothErasAsync(http, request)
        : FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{FakeUpstream.IdOf(request)}}},"error":{"code":-32602,"message":"params._meta is missing"} }""", 400);

    public static Task SessionOnlyAsync(HttpContext http, SeenRequest request) => request.Text.Contains("server/discover", StringComparison.Ordinal)
        ? FakeUpstream.JsonAsync(http, """{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: Server not initialized"}}""", 400)
        : FakeUpstream.BothErasAsync(http, request);
}
