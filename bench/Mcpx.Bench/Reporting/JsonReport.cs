using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mcpx.Bench.Reporting;

/// <summary>Everything that the table was made of, round by round.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Readable = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public static string Render(BenchReport report) => JsonSerializer.Serialize(report, Readable) + "\n";
}
