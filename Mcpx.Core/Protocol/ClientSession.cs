using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Mcpx.Core.Protocol;

/// <summary>
/// A session-era client's session with the gateway itself, where no upstream's session stands behind it: what
/// <c>initialize</c> said, carried by the client in its sealed handle. No table is needed, and every replica can serve it.
/// </summary>
/// <param name="Id">Unique among sessions; what a replica keeps of the session in memory is found by it.</param>
/// <param name="Version">The revision that was agreed on.</param>
/// <param name="Capabilities">The client's capabilities as it wrote them, a JSON object.</param>
/// <param name="ClientInfo">The client's name and version as it wrote them, a JSON object.</param>
public sealed record ClientSession(string Id, string Version, ReadOnlyMemory<byte> Capabilities, ReadOnlyMemory<byte> ClientInfo)
{
    /// <summary>What a client may say of itself: it travels in a header with every request.</summary>
    public const int LongestDescription = 4096;

    private const string TasksExtension = "io.modelcontextprotocol/tasks";

    private static readonly byte[] NoMembers = "{}"u8.ToArray();

    /// <summary>Null when the client says more of itself than a header can carry.</summary>
    /// <param name="initialize">The whole <c>initialize</c> request.</param>
    public static ClientSession? Open(ReadOnlyMemory<byte> initialize, string version)
    {
        // Tasks are another thing in each era; a server that believed the claim would answer with what the client can't read.
        ReadOnlyMemory<byte> capabilities = JsonEdit.Apply(ObjectAt(initialize, "capabilities").Span, JsonChange.Remove("extensions", TasksExtension));
        ReadOnlyMemory<byte> info = ObjectAt(initialize, "clientInfo");
        // Icons and descriptions may be long, and no upstream needs them to serve a call.
        if (info.Length + capabilities.Length > LongestDescription) info = Shorten(info);
        return info.Length + capabilities.Length > LongestDescription
            ? null
            : new ClientSession(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), version, capabilities, info);
    }

    /// <summary>True when the client declared the capability, e.g. <c>elicitation</c>.</summary>
    public bool Declares(string capability) => JsonEdit.Find(Capabilities, capability) is { } value && value.Span is [(byte)'{', ..];

    public byte[] ToBytes()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartArray();
            writer.WriteStringValue(Id);
            writer.WriteStringValue(Version);
            writer.WriteRawValue(Capabilities.Span, skipInputValidation: true);
            writer.WriteRawValue(ClientInfo.Span, skipInputValidation: true);
            writer.WriteEndArray();
        }

        return stream.ToArray();
    }

    /// <param name="bytes">What <see cref="ToBytes"/> made; it comes out of a seal, so it is not doubted.</param>
    public static ClientSession FromBytes(ReadOnlyMemory<byte> bytes)
    {
        using JsonDocument document = JsonDocument.Parse(bytes);
        JsonElement parts = document.RootElement;
        return new ClientSession(parts[0].GetString()!, parts[1].GetString()!, Raw(parts[2]), Raw(parts[3]));
    }

    private static byte[] Raw(JsonElement element) => Encoding.UTF8.GetBytes(element.GetRawText());

    private static ReadOnlyMemory<byte> ObjectAt(ReadOnlyMemory<byte> initialize, string member) =>
        JsonEdit.Find(initialize, "params", member) is { } value && value.Span is [(byte)'{', ..] ? value : NoMembers;

    private static ReadOnlyMemory<byte> Shorten(ReadOnlyMemory<byte> info)
    {
        List<JsonChange> kept = [];
        foreach (string member in (string[])["name", "version"])
        {
            if (JsonEdit.Find(info, member) is { } value) kept.Add(JsonChange.Set(value, member));
        }

        return JsonEdit.Apply(NoMembers, [.. kept]);
    }
}
