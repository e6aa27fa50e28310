using System.Text.RegularExpressions;
using Mcpx.Tests.Fixtures;
using Mcpx.Web.Hosting;
using Microsoft.Extensions.Configuration;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Hosting;

public sealed class SettingsTableTests
{
    [Fact]
    public async Task The_documentation_names_exactly_the_settings_that_are_read()
    {
        var asked = new AskedKeys();
        McpxOptions.Read(new ConfigurationBuilder().Add(asked).Build(), isProduction: true);

        var text = await File.ReadAllTextAsync(Repository.PathOf("docs", "operations.md"), TestContext.Current.CancellationToken);
        var table = text[text.IndexOf("## Settings", StringComparison.Ordinal)..].Split("\n\n").First(block => block.StartsWith("| key |", StringComparison.Ordinal));
        var documented = Regex.Matches(table, "^\\| `(?<key>[^`]+)`", RegexOptions.Multiline, TimeSpan.FromSeconds(1)).Select(m => m.Groups["key"].Value);

        documented.ShouldBe(asked.AsVariables, ignoreOrder: true);
    }

    /// <summary>An empty configuration that remembers what it was asked for.</summary>
    private sealed class AskedKeys : ConfigurationProvider, IConfigurationSource
    {
        private readonly HashSet<string> _keys = [];

        /// <summary>As environment variables spell them; ASP.NET takes its own prefix off.</summary>
        public IEnumerable<string> AsVariables => _keys.Select(key => key == "urls" ? "ASPNETCORE_URLS" : key.Replace(":", "__", StringComparison.Ordinal));

        public override bool TryGet(string key, out string? value)
        {
            _keys.Add(key);
            value = null;
            return false;
        }

        public IConfigurationProvider Build(IConfigurationBuilder builder) => this;
    }
}
