using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Mcpx.Core.Proxy;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>Streams that stand open and are silent: they hold next to no memory, and lose nothing of what comes at last.</summary>
public sealed class SilentStreamTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private const string Small = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}";

    private static readonly string Large = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"data\":\"" + new string('x', 200 << 10) + "\"}}";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http", "1.1", "chunked")]
    [InlineData("http", "1.1", "length")]
    [InlineData("http", "1.0", "until the connection ends")]
    [InlineData("http", "2.0", "frames")]
    [InlineData("https", "1.1", "chunked")]
    [InlineData("https", "1.1", "length")]
    [InlineData("https", "1.0", "until the connection ends")]
    [InlineData("https", "2.0", "frames")]
    public async Task Next_to_nothing_is_held_while_a_server_says_nothing_however_its_stream_is_framed(string scheme, string version, string framing)
    {
        string[] said = [Small, Large, Small];
        using var next = new SemaphoreSlim(0);
        using var certificate = Certificate();
        await using var server = await ServeAsync(scheme == "https" ? certificate : null, version, async http =>
        {
            http.Response.ContentType = "text/event-stream";
            if (framing == "length") http.Response.ContentLength = said.Sum(m => EventOf(m).Length);
            await http.Response.Body.FlushAsync();
            foreach (var message in said)
            {
                await next.WaitAsync(http.RequestAborted);
                await http.Response.WriteAsync(EventOf(message));
                await http.Response.Body.FlushAsync();
            }
        });
        var url = server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, shown, _, _) => shown!.GetCertHashString() == certificate.Thumbprint } });
        using var request = new HttpRequestMessage(HttpMethod.Get, url) { Version = new Version(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var answer = await invoker.SendAsync(request, Cancelled);
        var body = await answer.Content.ReadAsStreamAsync(Cancelled);
        using var deadline = CallDeadline.ForStream(TimeProvider.System, Probes.Server(new Uri(url)), Cancelled);
        deadline.ExpectMore();
        using var events = new SseEventReader();

        List<string> heard = [];
        foreach (var message in said)
        {
            var reading = events.ReadAsync(body, deadline).AsTask();
            await Task.Delay(50, Cancelled);
            reading.IsCompleted.ShouldBeFalse();
            // A body that is the socket's bytes as they are may have been woken by what was read before.
            events.HeldBytes.ShouldBeLessThanOrEqualTo(framing is "chunked" or "frames" ? 0 : 4096);
            next.Release();
            for (var before = heard.Count; heard.Count == before;)
            {
                var read = await reading.WaitAsync(TimeSpan.FromSeconds(30), Cancelled);
                read.ShouldBeGreaterThan(0);
                events.Advance(read);
                while (events.TryRead(out var @event)) heard.Add(Encoding.UTF8.GetString(@event.Span));
                if (heard.Count == before) reading = events.ReadAsync(body, deadline).AsTask();
            }
        }

        heard.ShouldBe(said.Select(EventOf));
        (await events.ReadAsync(body, deadline)).ShouldBe(0, "the end is one");
    }

    [Fact]
    public async Task A_call_that_waits_keeps_its_memory_since_its_answer_comes_soon()
    {
        using var deadline = CallDeadline.ForCall(TimeProvider.System, Probes.Server(new Uri("http://127.0.0.1/mcp")), isProbe: false, Cancelled);
        using var events = new SseEventReader();
        var pipe = new System.IO.Pipelines.Pipe();

        var reading = events.ReadAsync(pipe.Reader.AsStream(), deadline).AsTask();

        (reading.IsCompleted, events.HeldBytes > 0).ShouldBe((false, true));
        await pipe.Writer.CompleteAsync();
        (await reading).ShouldBe(0);
    }

    [Fact]
    public async Task A_client_hears_what_comes_after_a_long_silence_whatever_its_length()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        using var next = new SemaphoreSlim(0);
        string[] said = [Small, Large, Small, Large];
        upstream.Answer = async (http, request) =>
        {
            http.Response.Headers["Mcp-Session-Id"] = "upstream-session";
            if (request.Method != "GET")
            {
                await FakeUpstream.JsonAsync(http, $$$"""{"jsonrpc":"2.0","id":{{{FakeUpstream.IdOf(request)}}},"result":{}}""");
                return;
            }

            http.Response.ContentType = "text/event-stream";
            await http.Response.Body.FlushAsync();
            foreach (var message in said)
            {
                await next.WaitAsync(http.RequestAborted);
                // Half of it first: the rest is awaited with the half in hand.
                var whole = EventOf(message);
                await http.Response.WriteAsync(whole[..(whole.Length / 2)]);
                await http.Response.Body.FlushAsync();
                await Task.Delay(20, http.RequestAborted);
                await http.Response.WriteAsync(whole[(whole.Length / 2)..]);
                await http.Response.Body.FlushAsync();
            }
        };
        var (slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
        var session = (await gateway.PostAsync(slug, Mcp.Initialize)).Headers.GetValues("Mcp-Session-Id").Single();
        using var stream = await gateway.ListenAsync(slug, session);
        stream.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var body = new StreamReader(await stream.Content.ReadAsStreamAsync(Cancelled));

        foreach (var message in said)
        {
            await Task.Delay(100, Cancelled);
            next.Release();
            var heard = new StringBuilder();
            while (heard.Length < EventOf(message).Length) heard.Append(await body.ReadLineAsync(Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancelled)).Append('\n');
            heard.ToString().ShouldBe(EventOf(message));
        }

        (await body.ReadToEndAsync(Cancelled)).ShouldBeEmpty();
        (await gateway.CallsAsync("&method=GET")).ShouldContain(c => (string?)c!["serverSlug"] == slug && (string?)c["outcome"] == "ok");
    }

    private static string EventOf(string message) => $"event: message\ndata: {message}\n\n";

    private static async Task<WebApplication> ServeAsync(X509Certificate2? certificate, string version, RequestDelegate serve)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, endpoint =>
        {
            endpoint.Protocols = version == "2.0" ? HttpProtocols.Http2 : HttpProtocols.Http1;
            if (certificate is not null) endpoint.UseHttps(certificate);
        }));
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Run(serve);
        await app.StartAsync(Cancelled);
        return app;
    }

    private static X509Certificate2 Certificate()
    {
        using var key = RSA.Create(2048);
        var now = TimeProvider.System.GetUtcNow();
        using var made = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }
}
