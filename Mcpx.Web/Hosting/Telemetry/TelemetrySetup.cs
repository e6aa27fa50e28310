using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Mcpx.Core.Metrics;
using Mcpx.Core.Proxy;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Mcpx.Web.Hosting.Telemetry;

/// <summary>
/// Connects what the gateway counts and traces with who wants to hear of it. Where nobody does, nothing of OpenTelemetry is
/// there, and instruments and spans cost a look at a flag.
/// </summary>
internal static class TelemetrySetup
{
    /// <summary>Series of one instrument that names servers; what is beyond them is counted together, as <c>otel.metric.overflow</c>.</summary>
    private const int MostSeries = 10_000;

    /// <summary>The two that name tools besides.</summary>
    private const int MostToolSeries = 20_000;

    private const int ExportEvery = 60_000;

    public static IServiceCollection AddMcpxTelemetry(this IServiceCollection services, TelemetrySettings settings)
    {
        services.AddSingleton(settings).AddSingleton<MetricsDoor>();
        if (settings.MetricsPort is not null) services.AddHostedService<MetricsPort>();
        if (settings is { IsScraped: true } or { ExportsTraces: true } or { ExportsMetrics: true } or { ExportsLogs: true }) Connect(services, settings);
        return services;
    }

    // Of its own, so that the SDK is not even loaded where nobody listens.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Connect(IServiceCollection services, TelemetrySettings settings)
    {
        OpenTelemetryBuilder telemetry = services.AddOpenTelemetry().ConfigureResource(Describe);
        if (settings.IsScraped || settings.ExportsMetrics) telemetry.WithMetrics(metrics => Measure(metrics, settings));
        if (settings.ExportsTraces) telemetry.WithTracing(traces => traces.AddSource(CallTracing.SourceName).AddOtlpExporter());
        if (settings.ExportsLogs) telemetry.WithLogging(logs => logs.AddOtlpExporter(), options => options.IncludeFormattedMessage = true);
    }

    private static void Measure(MeterProviderBuilder metrics, TelemetrySettings settings)
    {
        metrics.AddMeter(GatewayMetrics.MeterName, "System.Runtime");
        // Each answer is of its own moment: two figures that are compared must not be of two.
        if (settings.IsScraped) metrics.AddPrometheusExporter(options => options.ScrapeResponseCacheDurationMilliseconds = 0);
        if (settings.ExportsMetrics) metrics.AddOtlpExporter((_, reader) => reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds ??= ExportEvery);
        ((IDeferredMeterProviderBuilder)metrics).Configure((services, builder) =>
        {
            // What is looked at only when somebody asks has nobody else who would make it.
            services.GetRequiredService<GatewayGauges>();
            Meter own = services.GetRequiredService<GatewayMetrics>().Meter;
            builder.AddView(instrument => ViewOf(instrument, own));
        });
    }

    /// <summary>Meters are heard of in the whole process: another gateway's in the same one is left out.</summary>
    private static MetricStreamConfiguration? ViewOf(Instrument instrument, Meter own)
    {
        if (instrument.Meter.Name != GatewayMetrics.MeterName) return null;
        if (!ReferenceEquals(instrument.Meter, own)) return MetricStreamConfiguration.Drop;
        return instrument is Histogram<double>
            ? new ExplicitBucketHistogramConfiguration { Boundaries = [.. GatewayMetrics.DurationBuckets], CardinalityLimit = MostToolSeries }
            : new MetricStreamConfiguration { CardinalityLimit = MostSeries };
    }

    /// <summary>What <c>OTEL_SERVICE_NAME</c> and <c>OTEL_RESOURCE_ATTRIBUTES</c> say comes last, and so holds.</summary>
    private static void Describe(ResourceBuilder resource) => resource.Clear()
        .AddService("mcpx", serviceVersion: typeof(TelemetrySetup).Assembly.GetName().Version?.ToString(3), autoGenerateServiceInstanceId: true)
        .AddTelemetrySdk()
        .AddEnvironmentVariableDetector();
}
