using Mcpx.Core.Calls;
using Mcpx.Core.Redaction;

namespace Mcpx.Web.Dashboard.Calls;

/// <summary>What pages say of a call in the same words.</summary>
internal static class CallWording
{
    /// <summary>What a call's name is the name of.</summary>
    public static string TargetOf(string? method) => method switch
    {
        "prompts/get" => "Prompt",
        "resources/read" => "Resource",
        _ => "Tool",
    };

    /// <summary>Nothing was masked in it or taken out.</summary>
    public static bool IsAsItWas(CallRecord call, RecordPart part) => call.Redactions.All(f => f.Part != part);

    /// <summary>Whether its end is missing. Masks change the length: then the record's own mark says it.</summary>
    public static bool IsCut(CallRecord call, RecordPart part, ReadOnlyMemory<byte>? kept, long length) =>
        length > kept?.Length && (call.Truncated || IsAsItWas(call, part));
}
