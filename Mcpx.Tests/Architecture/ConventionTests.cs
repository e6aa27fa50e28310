using System.Reflection;
using Mcpx.Core;
using Mcpx.Data;
using Mcpx.Web.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Architecture;

public sealed class ConventionTests
{
    private const int LongestFile = 300;

    [Fact]
    public void Every_log_message_has_an_id_of_its_own()
    {
        const BindingFlags all = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        var messages = new[] { typeof(CoreSetup).Assembly, typeof(DataServices).Assembly, typeof(McpxApp).Assembly }
            .SelectMany(a => a.GetTypes()).SelectMany(t => t.GetMethods(all))
            .Select(m => (Method: $"{m.DeclaringType}.{m.Name}", m.GetCustomAttribute<LoggerMessageAttribute>()?.EventId))
            .Where(m => m.EventId is not null).ToList();

        messages.Count.ShouldBeGreaterThan(10);
        messages.ShouldAllBe(m => m.EventId > 0);
        messages.GroupBy(m => m.EventId).Where(g => g.Count() > 1).Select(g => $"{g.Key}: {string.Join(", ", g.Select(m => m.Method))}").ShouldBeEmpty();
    }

    [Fact]
    public void No_file_is_longer_than_can_be_read_at_once() => SourceFiles()
        .Select(file => (Name: Path.GetRelativePath(Root, file), Lines: File.ReadLines(file).Count()))
        .Where(f => f.Lines > LongestFile && !f.Name.StartsWith("Mcpx.Data/Migrations/", StringComparison.Ordinal))
        .Select(f => $"{f.Name}: {f.Lines}").ShouldBeEmpty();

    [Fact]
    public void Every_mistake_of_the_configuration_is_told_at_once()
    {
        var mistakes = Should.Throw<ConfigurationException>(() => Read(
            ("PUBLIC_URL", "ftp://x"), ("MCPX_DEMO_URL", "nowhere"), ("ENCRYPTION_KEY", "short"), ("EGRESS_ALLOW", "everything"), ("MCPX_WELCOME", "loud"), ("MCPX_MAX_CALLS", "all"), ("MCPX_MAX_TESTS", "0"))).Message;

        mistakes.Split(Environment.NewLine).Length.ShouldBe(7);
        foreach (var key in new[] { "PUBLIC_URL", "MCPX_DEMO_URL", "ENCRYPTION_KEY", "EGRESS_ALLOW", "MCPX_WELCOME", "MCPX_MAX_CALLS", "MCPX_MAX_TESTS" }) mistakes.ShouldContain(key);
    }

    [Theory]
    [InlineData("PUBLIC_URL", "https://user:pass@example.com")]
    [InlineData("PUBLIC_URL", "https://example.com/?q")]
    [InlineData("PUBLIC_URL", "/relative")]
    [InlineData("ENCRYPTION_KEY", "c2hvcnQ=")]
    [InlineData("ENCRYPTION_KEY", " , ")]
    [InlineData("MCPX_WELCOME", "7")]
    [InlineData("MCPX_MAX_CALLS", "0")]
    [InlineData("MCPX_MAX_CALLS", "-1")]
    [InlineData("MCPX_MAX_CALLS", "1e3")]
    [InlineData("MCPX_MAX_CALLS", "99999999999")]
    [InlineData("MCPX_MAX_TESTS", "1000001")]
    public void A_wrong_setting_is_refused_by_its_name(string key, string value) => Should.Throw<ConfigurationException>(() => Read((key, value))).Message.ShouldContain(key);

    [Fact]
    public void A_production_database_without_a_key_is_refused() =>
        Should.Throw<ConfigurationException>(() => Read(("ConnectionStrings:Mcpx", "Host=db"))).Message.ShouldContain("ENCRYPTION_KEY");

    [Fact]
    public void Nothing_needs_to_be_set()
    {
        var options = Read();

        options.IsEmbedded.ShouldBeTrue();
        options.PublicUrl.ShouldBe(new Uri("http://localhost:3000"));
    }

    private static string Root
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "Mcpx.sln"))) folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside of the repository.");
            return folder.FullName;
        }
    }

    private static IEnumerable<string> SourceFiles() => new[] { "Mcpx.Core", "Mcpx.Data", "Mcpx.Web", "Mcpx.Tests", "samples", "bench" }
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*", SearchOption.AllDirectories))
        .Where(file => Path.GetExtension(file) is ".cs" or ".razor" or ".css" or ".js" && !file.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj" or "lib" or "node_modules"));

    private static McpxOptions Read(params (string Key, string Value)[] settings) => McpxOptions.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => new KeyValuePair<string, string?>(s.Key, s.Value))).Build(), isProduction: true);
}
