using System.Buffers;
using System.Text.Json;
using Mcpx.Core.Identity;

namespace Mcpx.Core.Governance.PolicyEngines;

/// <summary>A call as the engine is asked about it.</summary>
/// <param name="Tool">As the endpoint shows it.</param>
/// <param name="UpstreamTool">As the server calls it.</param>
/// <param name="ArgumentsJson">The call's arguments as raw JSON; empty when there are none.</param>
/// <param name="ClientName">What the client calls itself, which proves nothing; null when it did not say.</param>
public sealed record PolicyQuestion(
    Organization Organization,
    Caller Caller,
    string Endpoint,
    Servers.UpstreamServer Server,
    string Tool,
    string UpstreamTool,
    ReadOnlyMemory<byte> ArgumentsJson,
    string? ClientName)
{
    /// <summary>The body of the request: OPA's <c>{"input":…}</c>.</summary>
    public byte[] ToBytes(bool withArguments)
    {
        ArrayBufferWriter<byte> output = new(1024);
        using (Utf8JsonWriter json = new(output))
        {
            json.WriteStartObject();
            json.WriteStartObject("input"u8);
            WriteNamed(json, "organization", Organization.Id.Value, "slug", Organization.Slug);
            WriteCaller(json);
            json.WriteString("endpoint"u8, Endpoint);
            WriteNamed(json, "server", Server.Id.Value, "slug", Server.Slug);
            json.WriteString("tool"u8, Tool);
            json.WriteString("upstreamTool"u8, UpstreamTool);
            json.WriteString("client"u8, ClientName);
            if (withArguments)
            {
                json.WritePropertyName("arguments"u8);
                if (ArgumentsJson.IsEmpty) json.WriteNullValue();
                // As the client wrote them, and as the server will read them.
                else json.WriteRawValue(ArgumentsJson.Span, skipInputValidation: true);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    private void WriteCaller(Utf8JsonWriter json)
    {
        json.WriteStartObject("caller"u8);
        json.WriteString("kind"u8, Caller.Principal is Principal.Service ? "service-account"u8 : "person"u8);
        json.WriteString("id"u8, Caller.Principal.Id);
        json.WriteString("name"u8, Caller.Principal.Name);
        json.WriteString("role"u8, Caller.Role.ToString().ToLowerInvariant());
        json.WriteStartArray("scopes"u8);
        foreach (string scope in Caller.Scopes.ToNames()) json.WriteStringValue(scope);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteNamed(Utf8JsonWriter json, string member, Guid id, string nameMember, string name)
    {
        json.WriteStartObject(member);
        json.WriteString("id"u8, id);
        json.WriteString(nameMember, name);
        json.WriteEndObject();
    }
}
