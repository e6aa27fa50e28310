using System.Globalization;

namespace Mcpx.Web.Hosting.Telemetry;

/// <summary>
/// Who hears of what the gateway counts and traces. Ours are <c>METRICS_…</c>; the others are those of the OpenTelemetry
/// specification, which the SDK reads itself too: they are read here to know whether there is anybody, and to refuse mistakes.
/// </summary>
internal sealed record TelemetrySettings
{
    private const int ShortestToken = 16;
    private static readonly string[] Protocols = ["grpc", "http/protobuf"];
    private static readonly string[] Samplers = ["always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"];

    public static TelemetrySettings Off { get; } = new();

    /// <summary><c>METRICS_TOKEN</c>: opens <c>/metrics</c>; null leaves it closed at the public address.</summary>
    public string? MetricsToken { get; init; }

    /// <summary><c>METRICS_PORT</c>: serves <c>/metrics</c> and nothing else, on all addresses of the machine; null for none.</summary>
    public int? MetricsPort { get; init; }

    public bool ExportsTraces { get; init; }

    public bool ExportsMetrics { get; init; }

    public bool ExportsLogs { get; init; }

    public bool IsScraped => MetricsToken is not null || MetricsPort is not null;

    public static TelemetrySettings Read(IConfiguration configuration, List<string> mistakes)
    {
        string? token = Text(configuration["METRICS_TOKEN"]);
        if (token is { Length: < ShortestToken }) mistakes.Add($"METRICS_TOKEN must have {ShortestToken} characters or more (openssl rand -hex 32).");
        int? port = ReadPort(configuration, mistakes);
        string? endpoint = Text(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        if (endpoint is not null && !(Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https"))
            mistakes.Add("OTEL_EXPORTER_OTLP_ENDPOINT must be an http(s) address such as http://collector:4317.");
        OneOf(configuration, "OTEL_EXPORTER_OTLP_PROTOCOL", Protocols, mistakes);
        CheckSampler(configuration, mistakes);
        bool isOff = OneOf(configuration, "OTEL_SDK_DISABLED", ["true", "false"], mistakes) == "true";
        bool traces = Exports(configuration, "OTEL_TRACES_EXPORTER", mistakes);
        bool metrics = Exports(configuration, "OTEL_METRICS_EXPORTER", mistakes);
        bool logs = Exports(configuration, "OTEL_LOGS_EXPORTER", mistakes);
        bool isExported = endpoint is not null;
        return isOff ? Off : new TelemetrySettings
        {
            MetricsToken = token,
            MetricsPort = port,
            ExportsTraces = isExported && traces,
            ExportsMetrics = isExported && metrics,
            ExportsLogs = isExported && logs,
        };
    }

    // The generated one would print the token wherever the settings are logged.
    public override string ToString() => nameof(TelemetrySettings);

    private static int? ReadPort(IConfiguration configuration, List<string> mistakes)
    {
        if (Text(configuration["METRICS_PORT"]) is not { } text) return null;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and <= ushort.MaxValue) return port;
        mistakes.Add("METRICS_PORT must be a port's number from 1 to 65535.");
        return null;
    }

    private static bool Exports(IConfiguration configuration, string key, List<string> mistakes) => OneOf(configuration, key, ["otlp", "none"], mistakes) != "none";

    private static void CheckSampler(IConfiguration configuration, List<string> mistakes)
    {
        string? sampler = OneOf(configuration, "OTEL_TRACES_SAMPLER", Samplers, mistakes);
        string? argument = Text(configuration["OTEL_TRACES_SAMPLER_ARG"]);
        if (argument is null || sampler?.EndsWith("traceidratio", StringComparison.Ordinal) is not true) return;
        if (!double.TryParse(argument, NumberStyles.Float, CultureInfo.InvariantCulture, out double share) || share is not (>= 0 and <= 1))
            mistakes.Add("OTEL_TRACES_SAMPLER_ARG must be a share from 0 to 1, such as 0.1.");
    }

    private static string? OneOf(IConfiguration configuration, string key, IReadOnlyList<string> values, List<string> mistakes)
    {
        string? text = Text(configuration[key]);
        if (text is null || values.Contains(text, StringComparer.OrdinalIgnoreCase)) return text?.ToLowerInvariant();
        mistakes.Add($"{key} must be one of {string.Join(", ", values)}.");
        return null;
    }

    private static string? Text(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();
}
