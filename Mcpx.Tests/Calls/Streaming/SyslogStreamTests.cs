using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Streaming;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Calls.Streaming;

public sealed class SyslogStreamTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private readonly LogStreamDesk _desk = new(gateway);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Syslog_gets_a_message_a_call_also_when_a_connection_breaks_before_it_was_read()
    {
        await using FakeSyslog syslog = new() { Resets = 2 };
        await _desk.AddAsync(new { name = "syslog", host = "127.0.0.1", port = syslog.Port, tls = false, query = "tool=logged" });
        CallRecord ok = LogStreamDesk.NewCall("logged", TimeSpan.FromMilliseconds(-2)) with { Reason = "first\nline" }, denied = LogStreamDesk.NewCall("logged", TimeSpan.FromMilliseconds(-1)) with { Outcome = CallOutcome.Denied }, failed = LogStreamDesk.NewCall("logged") with { Outcome = CallOutcome.Timeout };

        await _desk.WriteAsync(ok, denied, failed);

        await Eventually.TrueAsync(() => syslog.Messages.Count >= 3, "the messages are there", Cancelled);
        string[] messages = [.. syslog.Messages];
        messages.Length.ShouldBe(3);
        messages.Select(m => m[..m.IndexOf('{', StringComparison.Ordinal)]).ShouldBe(new[] { (ok, 110), (denied, 108), (failed, 107) }
            .Select(e => $"<{e.Item2}>1 {e.Item1.Time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'} 127.0.0.1 mcpx - call - "));
        messages.Select(m => (string)JsonNode.Parse(m[m.IndexOf('{', StringComparison.Ordinal)..])!["id"]!).ShouldBe([ok.Id.ToString(), denied.Id.ToString(), failed.Id.ToString()]);
        ((string)JsonNode.Parse(messages[0][messages[0].IndexOf('{', StringComparison.Ordinal)..])!["reason"]!).ShouldBe("first\nline");
        messages.ShouldAllBe(m => !m.Contains('\n'));
        // Noted behind the sending: the messages may be here first.
        await Eventually.TrueAsync(async () => (long)(await _desk.StateAsync("syslog"))["delivered"]! == 3, "it is noted", null, Cancelled);
    }

    [Fact]
    public async Task Nothing_is_said_to_a_syslog_server_whose_certificate_is_not_trusted()
    {
        using RSA key = RSA.Create(2048);
        using X509Certificate2 made = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        await using FakeSyslog syslog = new(X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null));
        await using FakeSyslog plain = new();
        await _desk.AddAsync(new { name = "untrusted", host = "127.0.0.1", port = syslog.Port, query = "tool=secret" });
        await _desk.AddAsync(new { name = "no-tls", host = "127.0.0.1", port = plain.Port, query = "tool=secret" });

        await _desk.WriteAsync(LogStreamDesk.NewCall("secret"));

        await Eventually.TrueAsync(async () => ((string?)(await _desk.StateAsync("untrusted"))["problem"])?.Contains("certificate is not trusted", StringComparison.Ordinal) is true, "it is refused", null, Cancelled);
        syslog.Messages.ShouldBeEmpty();
        plain.Messages.ShouldBeEmpty();
        ((long)(await _desk.StateAsync("no-tls"))["delivered"]!).ShouldBe(0);
    }

    [Theory]
    [InlineData("host", "logs example")]
    [InlineData("host", "http://logs.example.com")]
    [InlineData("host", "")]
    [InlineData("host", "a\nb")]
    [InlineData("port", 0)]
    [InlineData("port", 65536)]
    [InlineData("authorization", "Bearer x")]
    [InlineData("url", "http://127.0.0.1:9")]
    public Task A_server_that_means_nothing_is_refused(string member, object value)
    {
        JsonObject stream = new() { ["name"] = "wrong", ["host"] = "127.0.0.1", ["port"] = 9 };
        stream[member] = JsonValue.Create(value);
        return _desk.ShouldBeWrongAsync(stream, member);
    }

    [Fact]
    public async Task A_name_is_taken_once_and_there_are_ten_at_most()
    {
        await _desk.ClearAsync();
        for (int i = 0; i < LogStreamAdmin.MostStreams; i++) await _desk.AddAsync(new { name = $"stream-{i}", host = "127.0.0.1", port = 9 });

        (await gateway.ApiAsync(HttpMethod.Post, "/api/log-streams", new { name = "stream-1", host = "127.0.0.1" })).Status.ShouldBe(HttpStatusCode.Conflict);
        HttpAnswer most = await gateway.ApiAsync(HttpMethod.Post, "/api/log-streams", new { name = "one-more", host = "127.0.0.1" });
        most.Status.ShouldBe(HttpStatusCode.Conflict);
        most.Body.ShouldContain("at most 10");
        await _desk.ClearAsync();
    }
}
