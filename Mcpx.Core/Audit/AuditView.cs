using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Mcpx.Core.Audit;

/// <summary>
/// A thing as the audit log may show it: its members as JSON values, in the order they were added. What is a secret is
/// never put in, nor a hash of one, since a hash of a weak secret gives it away; a credential shows its hint.
/// </summary>
/// <param name="name">What people call the thing.</param>
public sealed class AuditView(string name)
{
    /// <summary>A value that is longer is kept as its length and its digest: who has the text can tell that it is the one.</summary>
    public const int LongestValue = 16 * 1024;

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<KeyValuePair<string, string>> _members = [];

    public string Name { get; } = name;

    public AuditView With(string member, string? value) => Add(member, value);

    public AuditView With(string member, bool value) => Add(member, value);

    public AuditView With(string member, int? value) => Add(member, value);

    public AuditView With(string member, DateTimeOffset? value) => Add(member, value?.ToUniversalTime());

    public AuditView With(string member, IEnumerable<string>? values) => Add(member, values?.ToArray());

    /// <summary>As the API spells it.</summary>
    public AuditView With<TEnum>(string member, TEnum value) where TEnum : struct, Enum => Add(member, WordOf(value));

    /// <summary>The members in which the two differ, as JSON objects; null for a side without any.</summary>
    internal static (string? Before, string? After) Between(AuditView? before, AuditView? after)
    {
        Dictionary<string, string> was = ToDictionary(before), now = ToDictionary(after);
        return (ToJson(before, m => Differs(m, now, after is null)), ToJson(after, m => Differs(m, was, before is null)));
    }

    /// <param name="isWhole">True for a thing that is new or gone: what it has not tells nothing.</param>
    private static bool Differs(KeyValuePair<string, string> member, Dictionary<string, string> others, bool isWhole) =>
        isWhole ? member.Value != "null" : !others.TryGetValue(member.Key, out string? other) || other != member.Value;

    private AuditView Add<T>(string member, T value)
    {
        string json = JsonSerializer.Serialize(value, Readable);
        if (json.Length > LongestValue)
            json = JsonSerializer.Serialize(new { characters = json.Length, sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json))) }, Readable);
        _members.Add(new(member, json));
        return this;
    }

    /// <summary>The first of a name counts: two gateway members of one slug can't be.</summary>
    private static Dictionary<string, string> ToDictionary(AuditView? view)
    {
        Dictionary<string, string> members = new(StringComparer.Ordinal);
        foreach ((string member, string json) in view?._members ?? [])
            members.TryAdd(member, json);
        return members;
    }

    private static string? ToJson(AuditView? view, Predicate<KeyValuePair<string, string>> isChosen)
    {
        if (view?._members.FindAll(isChosen) is not { Count: > 0 } members) return null;
        return $"{{{string.Join(',', members.Select(m => $"{JsonSerializer.Serialize(m.Key, Readable)}:{m.Value}"))}}}";
    }

    private static string WordOf<TEnum>(TEnum value) where TEnum : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
