using Mcpx.Web.Hosting;
using Mcpx.Web.Hosting.Telemetry;
using Microsoft.Extensions.Configuration;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Metrics;

public sealed class TelemetrySettingsTests
{
    [Fact]
    public void Nothing_set_is_nobody_there()
    {
        var settings = Read();

        settings.IsScraped.ShouldBeFalse();
        (settings.ExportsTraces || settings.ExportsMetrics || settings.ExportsLogs).ShouldBeFalse();
    }

    [Fact]
    public void An_endpoint_is_sent_everything_that_is_not_switched_off()
    {
        var settings = Read(("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317"), ("OTEL_LOGS_EXPORTER", "none"));

        (settings.ExportsTraces, settings.ExportsMetrics, settings.ExportsLogs, settings.IsScraped).ShouldBe((true, true, false, false));
    }

    [Fact]
    public void Nobody_prints_the_token() => Read(("METRICS_TOKEN", "a-scrapers-token-of-some-length")).ToString().ShouldNotContain("scrapers");

    [Theory]
    [InlineData("METRICS_TOKEN", "short")]
    [InlineData("METRICS_PORT", "0")]
    [InlineData("METRICS_PORT", "65536")]
    [InlineData("METRICS_PORT", "any")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")]
    [InlineData("OTEL_TRACES_SAMPLER", "sometimes")]
    [InlineData("OTEL_SDK_DISABLED", "yes")]
    [InlineData("OTEL_TRACES_EXPORTER", "zipkin")]
    public void A_wrong_setting_is_refused_by_its_name(string key, string value) => Should.Throw<ConfigurationException>(() => Read((key, value))).Message.ShouldContain(key);

    [Theory]
    [InlineData("1.5")]
    [InlineData("-1")]
    [InlineData("NaN")]
    [InlineData("a tenth")]
    public void A_share_is_one(string share) =>
        Should.Throw<ConfigurationException>(() => Read(("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", share))).Message.ShouldContain("OTEL_TRACES_SAMPLER_ARG");

    private static TelemetrySettings Read(params (string Key, string Value)[] settings) => McpxOptions.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => new KeyValuePair<string, string?>(s.Key, s.Value))).Build(), isProduction: true).Telemetry;
}
