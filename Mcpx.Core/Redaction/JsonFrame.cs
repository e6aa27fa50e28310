using System.Runtime.InteropServices;
using System.Text.Json;

namespace Mcpx.Core.Redaction;

/// <summary>The object or array that is read.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct JsonFrame
{
    /// <summary>The paths that lead here.</summary>
    public ulong Active { get; init; }

    /// <summary>Those that lead into the member whose name was read.</summary>
    public ulong Next { get; set; }

    /// <summary>0 outside of the outermost value.</summary>
    public int Depth { get; init; }

    /// <summary>Of the next element.</summary>
    public int Index { get; set; }

    public int NameStart { get; set; }

    /// <summary>Where the last member that stays ends; -1 when there is none yet.</summary>
    public int Kept { get; set; }

    public bool IsArray { get; init; }

    /// <summary>Inside of a tool's schema, whose names name no values.</summary>
    public bool IsSchema { get; init; }

    /// <summary>The same of the member whose name was read.</summary>
    public bool IsSchemaNext { get; set; }

    /// <summary>Goes to the end of an object or array; false when its end is missing, or can't be found.</summary>
    public static bool TrySkip(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.TrySkip();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
