using System.Globalization;

namespace Mcpx.Web.Dashboard.Controls;

/// <summary>Figures as the dashboard writes them: as many digits as can be read at a glance.</summary>
internal static class Figures
{
    private const string Nothing = "–";

    public static string Count(long value) => value.ToString("N0");

    public static string Milliseconds(double? value) => value is { } ms ? Short(ms) + " ms" : Nothing;

    /// <summary>Without the unit, for where it stands beside it.</summary>
    public static string Short(double? value) => value switch
    {
        null => Nothing,
        < 0.005 => "0",
        < 10 => value.Value.ToString("0.##", CultureInfo.InvariantCulture),
        < 100 => value.Value.ToString("0.#", CultureInfo.InvariantCulture),
        _ => value.Value.ToString("N0", CultureInfo.InvariantCulture),
    };

    public static string Percent(long part, long whole) => whole == 0 ? Nothing : Short(100.0 * part / whole) + " %";

    public static string Bytes(long value) => value switch
    {
        < 1024 => $"{value} B",
        < 1 << 20 => $"{value / 1024.0:0.#} KiB",
        _ => $"{value / 1048576.0:0.#} MiB",
    };
}
