using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mcpx.Core.Primitives;

/// <summary>
/// A text that must not be seen. It prints <c>***</c> and refuses to be serialized: the attack is a log line, an
/// exception's message or an API answer that quietly carries it.
/// </summary>
[JsonConverter(typeof(SecretJsonConverter))]
public sealed class Secret(string value)
{
    private const int ShortestWithHint = 12;
    private const int HintLength = 4;

    private readonly string _value = value;

    /// <summary>The text itself; call it where it leaves, not earlier.</summary>
    public string Reveal() => _value;

    /// <summary>What people may see to tell two secrets apart: the last four characters of a long one.</summary>
    public string Hint() => _value.Length >= ShortestWithHint ? "••••" + _value[^HintLength..] : "••••";

    public override string ToString() => "***";

    private sealed class SecretJsonConverter : JsonConverter<Secret>
    {
        public override Secret Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("A secret is not read by a serializer: take a string at the edge and wrap it.");

        public override void Write(Utf8JsonWriter writer, Secret value, JsonSerializerOptions options) =>
            throw new NotSupportedException("A secret is never serialized.");
    }
}
