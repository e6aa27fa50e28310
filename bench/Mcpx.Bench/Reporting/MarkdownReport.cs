using System.Text;
using Mcpx.Bench.Runner;

namespace Mcpx.Bench.Reporting;

internal static class MarkdownReport
{
    private const double BytesPerMegabyte = 1_000_000;
    private const double BytesPerKilobyte = 1_000;

    public static string Render(BenchReport report)
    {
        var text = new StringBuilder();
        Heading(text, report);
        Problems(text, report);
        Table(text, report.Rows);
        Other(text, [.. report.Rows.Where(row => row.CpuToOther is not null)]);
        Memory(text, report.Memory);
        Clients(text, report.Clients);
        Redaction(text, report.Redaction);
        if (report.Scale is { } scale) Scale(text, scale);
        Targets(text, report.Targets);
        return text.ToString();
    }

    private static void Heading(StringBuilder text, BenchReport report)
    {
        var (environment, options) = (report.Environment, report.Options);
        text.AppendLine($"# `tools/call`, {options.AnswerBytes:N0} bytes, {options.Era} era, {options.Shape} answers");
        text.AppendLine();
        text.AppendLine($"{environment.At:yyyy-MM-dd HH:mm}Z, {environment.Cores} cores, {environment.Runtime}, {environment.System}.");
        text.AppendLine($"{options.Rounds} interleaved rounds after {options.WarmUpCalls:N0} calls of warm-up each; median (min … max).");
        text.AppendLine("CPU is the proxy's process alone, by the process clock; ratios and added times are paired within a round.");
        text.AppendLine();
        if (report.Versions.Count > 0) text.AppendLine($"Others: {string.Join(", ", report.Versions)}; with sessions, in front of a program on standard input and output.").AppendLine();
        foreach (var missing in report.LeftOut) text.AppendLine($"**Left out:** {missing}").AppendLine();
        if (!environment.Optimized) text.AppendLine("**Debug build: these are no figures.** Run with `-c Release`.").AppendLine();
    }

    private static void Problems(StringBuilder text, BenchReport report)
    {
        foreach (var one in report.Measurements.Where(one => !one.Verified))
        {
            text.AppendLine(
                $"- **Not verified:** {one.Configuration}, {one.Scenario}, round {one.Round}: {one.Failed} of {one.Calls} answers wrong, "
                + $"upstream counted {one.UpstreamCalls}, wrong credentials {one.WrongCredentials}. {string.Join("; ", one.Problems)}");
        }
        foreach (var one in report.Clients.Where(one => !one.Verified))
        {
            text.AppendLine(
                $"- **Not verified:** open clients, {one.Endpoint}: {one.StillOpen} of {one.Clients} streams stood at the end, {one.FailedCalls} calls meanwhile failed.");
        }
    }

    private static void Table(StringBuilder text, IReadOnlyList<SummaryRow> rows)
    {
        foreach (var scenario in rows.GroupBy(row => row.Scenario))
        {
            text.AppendLine($"## {scenario.Key}").AppendLine();
            text.AppendLine("| | calls/s | CPU µs/call | ÷ nginx | ÷ passthrough | + PostgreSQL µs | ÷ with it | allocated B | p50 µs | added p50 | p99 µs | added p99 | MB | upstream µs | generator µs | verified |");
            text.AppendLine("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
            foreach (var row in scenario)
            {
                text.AppendLine(
                    $"| {row.Configuration} | {Show(row.CallsPerSecond, "N0")} | {Show(row.Cpu, "0.0")} | {Show(row.NginxRatio, "0.00")} | {Show(row.CpuRatio, "0.00")} "
                    + $"| {Show(row.DatabaseCpu, "0.0")} | {Show(row.CpuRatioWithDatabase, "0.00")} | {Show(row.Allocated, "N0")} "
                    + $"| {Show(row.P50, "0")} | {Show(row.AddedP50, "0")} | {Show(row.P99, "0")} | {Show(row.AddedP99, "0")} | {Show(Megabytes(row.Resident), "0")} "
                    + $"| {Show(row.UpstreamCpu, "0.0")} | {Show(row.GeneratorCpu, "0.0")} | {(row.Verified ? "" : "**not** ")}{row.Calls:N0} |");
            }
            text.AppendLine();
            if (scenario.First().LatenessP99 is { Max: > 0 } lateness)
                text.AppendLine($"The generator released its calls up to {lateness.Show("0")} µs late (p99, first row); it is inside the latencies.").AppendLine();
        }
    }

    private static void Other(StringBuilder text, IReadOnlyList<SummaryRow> rows)
    {
        if (rows.Count == 0) return;
        text.AppendLine("## Beside the other gateway").AppendLine();
        text.AppendLine("| | | CPU ÷ other | p50 beyond it µs | allocated beyond it B |").AppendLine("|---|---|---|---|---|");
        foreach (var row in rows)
            text.AppendLine($"| {row.Scenario} | {row.Configuration} | {Show(row.CpuToOther, "0.00")} | {Show(row.P50BeyondOther, "0")} | {Show(row.AllocatedBeyondOther, "N0")} |");
        text.AppendLine();
    }

    private static void Memory(StringBuilder text, IReadOnlyList<MemoryReading> readings)
    {
        if (readings.Count == 0) return;
        text.AppendLine("## Memory").AppendLine().AppendLine("| | when | working set MB | PostgreSQL MB |").AppendLine("|---|---|---|---|");
        foreach (var reading in readings)
        {
            var database = reading.DatabaseBytes is { } bytes ? $"{bytes / BytesPerMegabyte:0}" : "–";
            text.AppendLine($"| {reading.Configuration} | {reading.When} | {reading.ResidentBytes / BytesPerMegabyte:0} | {database} |");
        }
        text.AppendLine();
    }

    private static void Clients(StringBuilder text, IReadOnlyList<ClientsReading> readings)
    {
        if (readings.Count == 0) return;
        text.AppendLine("## Open clients").AppendLine();
        text.AppendLine("| connected to | clients | streams to the upstream | idle MB | grown by MB | before collection | heap grown by MB | KB each | CPU while idle | verified |");
        text.AppendLine("|---|---|---|---|---|---|---|---|---|---|");
        foreach (var reading in readings)
        {
            text.AppendLine(
                $"| {reading.Endpoint} | {reading.Clients:N0} | {reading.UpstreamStreams:N0} | {reading.Idle.ResidentBytes / BytesPerMegabyte:0} "
                + $"| {reading.ResidentGrowth / BytesPerMegabyte:0.0} | {(reading.OpenBeforeCollection - reading.Idle.ResidentBytes) / BytesPerMegabyte:0.0} "
                + $"| {reading.HeapGrowth / BytesPerMegabyte:0.0} | {reading.ResidentGrowth / BytesPerKilobyte / reading.Clients:0.0} "
                + $"| {reading.IdleCpu:0.0 %} | {(reading.Verified ? "" : "**not** ")}{reading.StillOpen:N0} |");
        }
        text.AppendLine();
    }

    private static void Redaction(StringBuilder text, IReadOnlyList<RedactionReading> readings)
    {
        if (readings.Count == 0) return;
        text.AppendLine("## Redaction of payloads by the built-in rules").AppendLine();
        text.AppendLine($"Beside the {RedactionReading.WritingMicroseconds:0} µs that the drain has for a record of 6 KB at 7,500 a second.").AppendLine();
        text.AppendLine("| payload | bytes | values found | µs | share of the record's time |").AppendLine("|---|---|---|---|---|");
        foreach (var reading in readings)
            text.AppendLine($"| {reading.Payload} | {reading.Bytes:N0} | {reading.Found:N0} | {reading.Microseconds:0.0} | {reading.Microseconds / RedactionReading.WritingMicroseconds:0 %} |");
        text.AppendLine();
    }

    private static void Scale(StringBuilder text, ScaleReading scale)
    {
        text.AppendLine($"## {scale.Organizations:N0} organisations with {scale.ServersEach} servers each").AppendLine();
        text.AppendLine("| in the database | start s | idle MB | heap MB | CPU µs/call, c=16 | verified |").AppendLine("|---|---|---|---|---|---|");
        foreach (var (name, state) in new[] { ("one organisation", scale.Few), ("and all of them", scale.Many) })
        {
            var calls = state.Calls.Where(one => one.Configuration == Configuration.Mcpx).ToArray();
            text.AppendLine(
                $"| {name} | {state.StartSeconds:0.00} | {state.Memory.ResidentBytes / BytesPerMegabyte:0} | {state.Memory.HeapBytes / BytesPerMegabyte:0} "
                + $"| {Show(Spread.Of(calls.Select(one => one.Cpu)), "0.0")} | {(state.Calls.All(one => one.Verified) ? "" : "**not** ")}{calls.Sum(one => one.Calls):N0} |");
        }
        text.AppendLine();
    }

    private static void Targets(StringBuilder text, IReadOnlyList<TargetLine> targets)
    {
        if (targets.Count == 0) return;
        text.AppendLine("## Targets").AppendLine().AppendLine("| | target | seen | |").AppendLine("|---|---|---|---|");
        foreach (var line in targets)
            text.AppendLine($"| {line.What} | {(line.AtLeast ? "≥" : "≤")} {line.Limit:#,0.##} {line.Unit} | {line.Seen.Show("#,0.00")} {line.Unit} | {(line.Met ? "met" : "**missed**")} |");
        text.AppendLine();
    }

    private static Spread? Megabytes(Spread? bytes) =>
        bytes is null ? null : new Spread(bytes.Median / BytesPerMegabyte, bytes.Min / BytesPerMegabyte, bytes.Max / BytesPerMegabyte);

    private static string Show(Spread? spread, string format) => spread?.Show(format) ?? "–";
}
