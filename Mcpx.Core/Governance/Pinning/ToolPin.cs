using System.Runtime.InteropServices;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Governance.Pinning;

/// <summary>What happens with a tool whose definition nobody approved. The numbers are stored.</summary>
public enum PinMode
{
    /// <summary>Nothing is looked at.</summary>
    Allow = 0,

    /// <summary>It is shown and may be called; it is noted for approval.</summary>
    Alert = 1,

    /// <summary>It is in no list and can't be called until somebody approves it.</summary>
    Quarantine = 2,
}

public enum PinState
{
    /// <summary>The definition that was seen last is the approved one.</summary>
    Approved,

    /// <summary>No definition of this tool was ever approved.</summary>
    New,

    /// <summary>Another definition than the approved one was seen.</summary>
    Changed,

    /// <summary>Somebody looked at the definition that was seen last and said no.</summary>
    Rejected,
}

/// <summary>What is known of one tool's definition, as hashes.</summary>
/// <param name="Approved">Null when none ever was.</param>
/// <param name="Seen">The last one that a reading found.</param>
/// <param name="Rejected">The last one that somebody refused; null when none was.</param>
/// <param name="SeenByClient">True when it passed in a client's list and the gateway itself has not found it.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ToolPin(DefinitionHash? Approved, DefinitionHash Seen, DefinitionHash? Rejected, bool SeenByClient = false)
{
    /// <summary>Longest name that is kept, in UTF-16 code units; the protocol recommends 128.</summary>
    public const int LongestName = 256;

    /// <summary>A name that PostgreSQL can't hold, or nobody could read, is never approved, and so never shown.</summary>
    public static bool TakesName(string tool) => tool.Length is > 0 and <= LongestName && !tool.Contains('\0');

    public PinState State =>
        Seen == Approved ? PinState.Approved
        : Seen == Rejected ? PinState.Rejected
        : Approved is null ? PinState.New
        : PinState.Changed;

    /// <summary>True while it waits for somebody's yes or no.</summary>
    public bool IsPending => State is PinState.New or PinState.Changed;
}
