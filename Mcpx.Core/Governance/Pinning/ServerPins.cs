using System.Collections.Concurrent;
using System.Collections.Frozen;
using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Governance.Pinning;

/// <summary>How a server's tool definitions are watched.</summary>
/// <param name="ReviewFirst">True when not even the first list is taken on trust.</param>
/// <param name="BaselineAt">When the first list was taken in; null before.</param>
public sealed record PinSettings(PinMode Mode, bool ReviewFirst, DateTimeOffset? BaselineAt)
{
    /// <summary>What holds for a server that nobody chose anything for.</summary>
    public static PinSettings Default { get; } = new(PinMode.Quarantine, ReviewFirst: false, BaselineAt: null);

    /// <param name="server">Its name.</param>
    public AuditView ToAudit(string server) => new AuditView(server).With("mode", Mode).With("reviewFirst", ReviewFirst);
}

/// <summary>The pins of one server, compiled for deciding; what they decide never changes.</summary>
/// <param name="version">Another one after every change: equal versions hold equal pins.</param>
public sealed class ServerPins(ServerId server, PinSettings settings, long version, IEnumerable<KeyValuePair<string, ToolPin>> tools)
{
    private static readonly Decision.Deny Unread = new("pin:unread", "The server's tools have not been reviewed yet.");
    private static readonly Decision.Deny Unknown = new("pin:unknown", "No definition of this tool was ever read from the server, so nobody could approve one.");
    private static readonly Decision.Deny New = new("pin:new", "The tool is new: it waits for approval of its definition.");
    private static readonly Decision.Deny Changed = new("pin:changed", "The server changed the tool's definition: the new one waits for approval.");
    private static readonly Decision.Deny Rejected = new("pin:rejected", "The tool's present definition was rejected.");

    private const int MostSpellings = 2 * PinLearner.MostTools;

    // A server writes its list the same way each time, and the hash of bytes costs a tenth of that of what they say.
    private readonly ConcurrentDictionary<DefinitionHash, bool> _passing = new();
    private readonly FrozenDictionary<string, ToolPin> _tools = tools.ToFrozenDictionary(StringComparer.Ordinal);

    public ServerId Server { get; } = server;

    public PinSettings Settings { get; } = settings;

    public long Version { get; } = version;

    /// <summary>How many tools wait for somebody's yes or no.</summary>
    public int Pending { get; } = tools.Count(t => t.Value.IsPending);

    /// <summary>By the server's name of the tool.</summary>
    public IReadOnlyDictionary<string, ToolPin> Tools => _tools;

    /// <summary>
    /// True where every definition passes: nobody watches, or nothing was read yet that could be deviated from. What is
    /// called before the first reading is what that reading is going to trust.
    /// </summary>
    public bool PassesAll => Settings.Mode is PinMode.Allow || Settings is { BaselineAt: null, ReviewFirst: false };

    /// <summary>Null when the tool may be called, as far as its definition goes.</summary>
    public Decision.Deny? Decide(string tool)
    {
        if (PassesAll) return null;
        if (!_tools.TryGetValue(tool, out ToolPin pin)) return Settings.Mode is PinMode.Alert ? null : Settings.BaselineAt is null ? Unread : Unknown;
        return pin.State switch
        {
            PinState.Approved => null,
            // Somebody's no is a no, however watchful the mode.
            PinState.Rejected => Rejected,
            _ when Settings.Mode is PinMode.Alert => null,
            PinState.New => New,
            _ => Changed,
        };
    }

    /// <summary>May a list show this definition? Only one that may be called, and only as it was approved.</summary>
    /// <param name="hash">Null for one that can't be hashed: nobody could say whether it is what it was, so it is hidden.</param>
    public bool Shows(string tool, DefinitionHash? hash)
    {
        if (PassesAll) return true;
        if (hash is null || !ToolPin.TakesName(tool) || Decide(tool) is not null) return false;
        bool isKnown = _tools.TryGetValue(tool, out ToolPin pin);
        return Settings.Mode is PinMode.Alert ? !isKnown || pin.Rejected != hash : isKnown && pin.Approved == hash;
    }

    /// <summary>True for an item of a list that, written in exactly these bytes, passed before.</summary>
    public bool IsKnownToPass(DefinitionHash spelling) => _passing.ContainsKey(spelling);

    /// <summary>Keeps that an item passes; one that is still to be noted is looked at again.</summary>
    public void RememberPassing(string tool, DefinitionHash spelling, DefinitionHash hash)
    {
        if (_passing.Count < MostSpellings && !IsNews(tool, hash)) _passing[spelling] = true;
    }

    /// <summary>True for a definition that a client's list showed and that nobody has noted yet.</summary>
    public bool IsNews(string tool, DefinitionHash hash)
    {
        if (PassesAll) return false;
        return !_tools.TryGetValue(tool, out ToolPin pin) || pin.Approved != hash && pin.Seen != hash && pin.Rejected != hash;
    }
}
