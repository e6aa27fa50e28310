using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Mcpx.Tests.Metrics;

/// <summary>One line of figures.</summary>
internal sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value)
{
    /// <summary>What tells it from others, its bucket aside.</summary>
    public string Series => Name + '{' + string.Join(',', Labels.Where(l => l.Key != "le").OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}")) + '}';
}

/// <summary>
/// The text format of Prometheus (0.0.4), read strictly: whatever is not exactly as it has to be is an error.
/// </summary>
internal sealed partial class PrometheusText
{
    private readonly Dictionary<string, string> _types = [];

    public List<Sample> Samples { get; } = [];

    public static PrometheusText Parse(string text)
    {
        if (!text.EndsWith('\n')) throw new FormatException("The last line does not end.");
        PrometheusText read = new();
        HashSet<string> helped = [];
        foreach (var line in text[..^1].Split('\n'))
        {
            if (line is "# EOF" or "") continue;
            if (line.StartsWith("# HELP ", StringComparison.Ordinal)) read.TakeHelp(line, helped);
            else if (line.StartsWith("# TYPE ", StringComparison.Ordinal)) read.TakeType(line);
            else if (line.StartsWith('#')) throw new FormatException(line);
            else read.Samples.Add(read.Read(line));
        }

        var unexplained = read._types.Keys.FirstOrDefault(t => !helped.Contains(t));
        if (unexplained is not null) throw new FormatException($"No HELP of {unexplained}.");
        var twice = read.Samples.GroupBy(s => s.Series + s.Labels.GetValueOrDefault("le")).FirstOrDefault(g => g.Count() > 1);
        if (twice is not null) throw new FormatException($"Stands twice: {twice.Key}");
        foreach (var histogram in read._types.Where(t => t.Value == "histogram")) read.CheckHistogram(histogram.Key);
        return read;
    }

    public string TypeOf(string family) => _types[family];

    /// <summary>The sum of the samples of this name that have all of these labels; an empty value asks that the label is missing.</summary>
    public double Sum(string name, params (string Name, string Value)[] labels) => Find(name, labels).Sum(s => s.Value);

    public IEnumerable<Sample> Find(string name, params (string Name, string Value)[] labels) =>
        Samples.Where(s => s.Name == name && labels.All(l => (s.Labels.GetValueOrDefault(l.Name) ?? "") == l.Value));

    private void TakeHelp(string line, HashSet<string> helped)
    {
        var parts = line.Split(' ', 4);
        if (parts.Length != 4 || !helped.Add(parts[2])) throw new FormatException(line);
        if (Samples.Exists(s => FamilyOf(s.Name) == parts[2])) throw new FormatException($"HELP stands behind its samples: {line}");
    }

    private void TakeType(string line)
    {
        var parts = line.Split(' ');
        if (parts.Length != 4 || parts[3] is not ("counter" or "gauge" or "histogram" or "untyped")) throw new FormatException(line);
        if (!_types.TryAdd(parts[2], parts[3])) throw new FormatException($"Declared twice: {line}");
    }

    private Sample Read(string line)
    {
        var match = SamplePattern().Match(line);
        if (!match.Success) throw new FormatException(line);
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Match label in LabelPattern().Matches(match.Groups["labels"].Value))
        {
            if (!labels.TryAdd(label.Groups["name"].Value, Unescape(label.Groups["value"].Value))) throw new FormatException($"A label stands twice: {line}");
        }

        Sample sample = new(match.Groups["name"].Value, labels, Number(match.Groups["value"].Value));
        if (!_types.ContainsKey(sample.Name) && !_types.ContainsKey(FamilyOf(sample.Name))) throw new FormatException($"No TYPE stands in front of: {line}");
        return sample;
    }

    private void CheckHistogram(string family)
    {
        foreach (var series in Samples.Where(s => s.Name == family + "_bucket").GroupBy(s => s.Series))
        {
            var buckets = series.ToList();
            if (Number(buckets[^1].Labels["le"]) is not double.PositiveInfinity) throw new FormatException($"{series.Key} does not end in +Inf.");
            for (var i = 1; i < buckets.Count; i++)
            {
                if (Number(buckets[i].Labels["le"]) <= Number(buckets[i - 1].Labels["le"]) || buckets[i].Value < buckets[i - 1].Value) throw new FormatException($"{series.Key} is not in order.");
            }

            var rest = series.Key[(family.Length + "_bucket".Length)..];
            if (Samples.Single(s => s.Series == family + "_count" + rest).Value is var count && !count.Equals(buckets[^1].Value)) throw new FormatException($"{series.Key}: the count is {count}.");
            if (count > 0 && Samples.Single(s => s.Series == family + "_sum" + rest).Value < 0) throw new FormatException($"{series.Key}: the sum is negative.");
        }
    }

    private static string FamilyOf(string name) => HistogramSuffix().Replace(name, "");

    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        "NaN" => double.NaN,
        _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    private static string Unescape(string text)
    {
        StringBuilder plain = new(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is not '\\')
            {
                plain.Append(text[i]);
                continue;
            }

            plain.Append(text[++i] switch { 'n' => '\n', '"' => '"', '\\' => '\\', var other => throw new FormatException($"\\{other}") });
        }

        return plain.ToString();
    }

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?<labels>(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\.)*",?)*)\})? (?<value>[^ ]+)(?: [0-9]+)?$""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SamplePattern();

    [GeneratedRegex("""(?<name>[a-zA-Z_][a-zA-Z0-9_]*)="(?<value>(?:[^"\\\n]|\\.)*)",?""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LabelPattern();

    [GeneratedRegex("_(?:bucket|count|sum|total|info)$", RegexOptions.None, 1000)]
    private static partial Regex HistogramSuffix();
}
