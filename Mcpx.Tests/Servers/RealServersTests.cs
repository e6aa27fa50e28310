using Mcpx.ConformanceServer;
using Mcpx.Core.Servers;
using Mcpx.Tests.Conformance;
using Mcpx.Tests.Samples;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Servers;

/// <summary>What the probe finds of servers that others wrote.</summary>
public sealed class RealServersTests
{
    public sealed class Demo(DemoServersFixture servers) : IClassFixture<DemoServersFixture>
    {
        [Theory]
        [InlineData("crm")]
        [InlineData("finance")]
        [InlineData("hr")]
        [InlineData("tickets")]
        public async Task The_demo_servers_speak_both_eras(string server)
        {
            var found = await Probes.ProbeAsync(servers.UrlOf(server), TimeProvider.System, servers.InputOf(server));

            found.InWords.ShouldBe("MCP 2025-11-25 with sessions and 2026-07-28 without");
        }

        [Fact]
        public async Task Without_its_credential_a_server_is_not_found()
        {
            var refused = await Should.ThrowAsync<HttpRequestException>(
                Probes.ProbeAsync(servers.UrlOf("finance"), TimeProvider.System));

            ConnectionFailure.Explain(refused).ShouldNotBeNull().ShouldStartWith("The server refuses the credential");
        }
    }

    public sealed class Everything(EverythingServer server) : IClassFixture<EverythingServer>
    {
        [Fact]
        public async Task The_reference_server_speaks_the_session_era()
        {
            var found = await Probes.ProbeAsync(server.Url, TimeProvider.System);

            found.InWords.ShouldBe("MCP 2025-11-25 with sessions");
        }
    }

    public sealed class Fixtures
    {
        [Theory]
        [InlineData("both", "MCP 2025-11-25 with sessions and 2026-07-28 without")]
        [InlineData("session", "MCP 2025-11-25 with sessions")]
        [InlineData("stateless", "MCP 2026-07-28 without sessions")]
        public async Task The_conformance_server_speaks_the_eras_that_it_is_told(string eras, string inWords)
        {
            await using var server = await ConformanceServerApp.StartAsync(["--port", "0", "--eras", eras], TestContext.Current.CancellationToken);
            var url = new Uri(new Uri(server.Urls.Single()), ConformanceServerApp.Path);

            var found = await Probes.ProbeAsync(url, TimeProvider.System);

            found.InWords.ShouldBe(inWords);
        }

        [Theory]
        [InlineData("none")]
        [InlineData("")]
        [InlineData("Session")]
        public void Another_word_for_the_eras_is_refused(string eras) =>
            Should.Throw<ArgumentException>(() => ConformanceServerApp.Build(["--eras", eras])).Message.ShouldContain("session, stateless or both");
    }
}
