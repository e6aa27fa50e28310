using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using ModelContextProtocol.Client;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Running;

public sealed class RunScriptTests : IDisposable
{
    private const string Interrupt = "INT";
    private const string Terminate = "TERM";

    private readonly RunFolder _folder = new();
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task It_prints_a_way_in_that_works_stops_without_a_trace_and_keeps_the_data()
    {
        var port = Ports.Free();
        string token;
        await using (var first = await RunningScript.StartAsync(_folder, port))
        {
            token = first.Token;
            (await SendAsync(HttpMethod.Get, first.SignInLink)).StatusCode.ShouldBe(HttpStatusCode.Redirect);
            (await CallContactsAsync(first)).ShouldContain("Porto Ceramics");
            (await PasteAsync(first.Block("curl"))).ShouldContain("contacts");
            JsonNode.Parse(first.Block("VS Code"))!["servers"]!["crm"]!["url"]!.GetValue<string>().ShouldBe($"http://localhost:{port}/mcp/server/crm");
            first.Block("Claude Code").ShouldContain($"claude mcp add --transport http crm http://localhost:{port}/mcp/server/crm --header \"Authorization: Bearer {token}\"");
            (await SendAsync(HttpMethod.Post, new Uri(first.Url, "/api/servers"), token, """{"name":"Kept","slug":"kept","url":"http://127.0.0.1:9/mcp"}""")).StatusCode.ShouldBe(HttpStatusCode.Created);

            var (code, errors) = await first.StopAsync(Interrupt);

            (code, errors).ShouldBe((0, ""));
            _folder.Processes().ShouldBeEmpty();
        }

        await using var second = await RunningScript.StartAsync(_folder, port);
        // The token of the first run was used, so it is somebody's: it stays.
        var answer = await SendAsync(HttpMethod.Get, new Uri(second.Url, "/api/servers"), token);
        JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["items"]!.AsArray()
            .Select(s => s!["slug"]!.GetValue<string>()).ShouldBe(["crm", "finance", "hr", "kept", "tickets"], ignoreOrder: true);
        (await second.StopAsync(Terminate)).ExitCode.ShouldBe(0);
        _folder.Processes().ShouldBeEmpty();
    }

    [Fact]
    public async Task When_the_demo_servers_die_everything_ends_and_says_so()
    {
        await using var run = await RunningScript.StartAsync(_folder, Ports.Free());

        await RunningScript.SignalAsync(ProcessOf("Mcpx.DemoServers.dll"), "KILL");
        var (code, errors) = await run.EndAsync();

        code.ShouldBe(1);
        OneLine(errors).ShouldContain("demo servers ended unexpectedly");
        _folder.Processes().ShouldBeEmpty();
    }

    [Fact]
    public async Task When_the_script_itself_is_killed_nothing_stays_either()
    {
        await using var run = await RunningScript.StartAsync(_folder, Ports.Free());

        await run.StopAsync("KILL");

        await Eventually.TrueAsync(() => _folder.Processes().Count == 0, "everything has ended", TestContext.Current.CancellationToken);
    }

    private int ProcessOf(string program) => _folder.Processes().Single(p => p.Command.StartsWith("dotnet", StringComparison.Ordinal) && p.Command.Contains(program, StringComparison.Ordinal)).Id;

    private static string OneLine(string text)
    {
        text.TrimEnd('\n').ShouldNotContain("\n");
        return text;
    }

    private static async Task<string> CallContactsAsync(RunningScript run)
    {
        var transport = new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = new Uri(run.Url, "/mcp/server/crm"),
            AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = $"Bearer {run.Token}" },
        });
        await using var client = await McpClient.CreateAsync(transport, cancellationToken: TestContext.Current.CancellationToken);
        var answer = await client.CallToolAsync("contacts", new Dictionary<string, object?> { ["query"] = "Porto Ceramics" }, cancellationToken: TestContext.Current.CancellationToken);
        answer.IsError.ShouldNotBe(true);
        return string.Join('\n', answer.Content.Select(block => block.ToString()));
    }

    private static async Task<string> PasteAsync(string command)
    {
        var result = await ProgramRun.RunAsync("bash", ["-c", command], null, TestContext.Current.CancellationToken);
        result.ExitCode.ShouldBe(0, result.Error);
        return result.Output;
    }

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri url, string? token = null, string? body = null)
    {
        var request = new HttpRequestMessage(method, url);
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return _http.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
