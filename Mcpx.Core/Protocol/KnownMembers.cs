using System.Text;
using System.Text.Json;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Protocol;

/// <summary>The members of one JSON object that the gateway reads, and that therefore may stand in it in one way only.</summary>
internal sealed class KnownMembers(params string[] names)
{
    private readonly (string Name, byte[] Utf8)[] _known = [.. names.Select(n => (n, Encoding.UTF8.GetBytes(n)))];

    /// <summary>
    /// Which of the members the current property is, or -1. Refuses a second one of the same name (parsers disagree which
    /// counts: an allowlist sees one tool, the upstream calls another) and one that differs only in case.
    /// </summary>
    /// <param name="seen">The members met so far in this object, one bit each.</param>
    public McpError? Take(in Utf8JsonReader json, ref int seen, out int member)
    {
        ReadOnlySpan<byte> spelled = json.ValueSpan;
        for (int i = 0; i < _known.Length; i++)
        {
            if (json.ValueIsEscaped ? !json.ValueTextEquals(_known[i].Utf8) : !spelled.SequenceEqual(_known[i].Utf8)) continue;
            member = i;
            if ((seen & 1 << i) != 0) return Invalid($"The member {_known[i].Name} stands twice.");
            seen |= 1 << i;
            return null;
        }

        member = -1;
        // Unknown members are rare and short: only they pay for the comparison without case.
        bool isPlain = !json.ValueIsEscaped && Ascii.IsValid(spelled);
        foreach ((string name, byte[] utf8) in _known)
        {
            if (spelled.Length < utf8.Length || isPlain && spelled.Length != utf8.Length) continue;
            if (LetterCase.AreAlike(json.GetString()!, name))
                return Invalid($"The member {name} is spelled in another case.");
        }

        return null;
    }

    private static McpError Invalid(string message) => new(400, McpErrorCodes.InvalidRequest, message);
}
