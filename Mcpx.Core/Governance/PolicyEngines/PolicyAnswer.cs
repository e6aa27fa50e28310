using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Mcpx.Core.Governance.PolicyEngines;

/// <summary>What an engine said.</summary>
/// <param name="Reason">Its own words, plain and short; null when it gave none.</param>
public sealed record PolicyAnswer(bool Allow, string? Reason)
{
    private const int LongestReason = 300;

    private static readonly PolicyAnswer Undefined = new(false, "The engine has no answer to this question.");

    /// <summary>
    /// OPA's Data API: <c>{"result":true}</c>, <c>{"result":{"allow":true,"reason":"…"}}</c>; without <c>result</c> the
    /// document is undefined, which denies. Null for what is no answer at all.
    /// </summary>
    public static PolicyAnswer? Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind is not JsonValueKind.Object) return null;
            JsonElement[] results = [.. document.RootElement.EnumerateObject().Where(m => m.NameEquals("result"u8)).Select(m => m.Value)];
            return results.Length switch
            {
                0 => Undefined,
                1 => Of(results[0]),
                // Which one would the engine mean?
                _ => null,
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static PolicyAnswer? Of(JsonElement result)
    {
        if (result.ValueKind is JsonValueKind.True or JsonValueKind.False) return new PolicyAnswer(result.ValueKind is JsonValueKind.True, null);
        if (result.ValueKind is not JsonValueKind.Object) return null;
        JsonElement[] allows = [.. result.EnumerateObject().Where(m => m.NameEquals("allow"u8)).Select(m => m.Value)];
        if (allows is not [{ ValueKind: JsonValueKind.True or JsonValueKind.False } allow]) return allows.Length == 0 ? Undefined : null;
        string? reason = result.TryGetProperty("reason"u8, out JsonElement said) && said.ValueKind is JsonValueKind.String ? Plain(said.GetString()!) : null;
        return new PolicyAnswer(allow.ValueKind is JsonValueKind.True, reason);
    }

    /// <summary>One line without what can't be seen: it goes into the audit and onto pages.</summary>
    private static string? Plain(string text)
    {
        StringBuilder plain = new();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (plain.Length >= LongestReason) break;
            bool isSeen = Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
            plain.Append(isSeen ? rune.ToString() : " ");
        }

        string trimmed = plain.ToString().Trim();
        return trimmed.Length == 0 ? null : trimmed;
    }
}
