using System.Text;
using System.Text.Json;
using Mcpx.Core.Gateways;
using Mcpx.Core.Protocol;
using Mcpx.Core.Proxy.Bridge;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Proxy.Gateways;

/// <summary>
/// What a virtual gateway says of itself. It never waits for a member: a client that connects while one is down must get in.
/// </summary>
public sealed class GatewayDescription(CatalogKeeper catalogs)
{
    private const int LongestInstructions = 16 << 10;

    private static readonly string Release = typeof(GatewayDescription).Assembly.GetName().Version!.ToString(3);

    /// <summary>The result of <c>initialize</c>.</summary>
    public byte[] ForSession(GatewayRoute gateway, string version) => Write(gateway, isStateless: false, writer =>
    {
        writer.WriteString("protocolVersion"u8, version);
        writer.WritePropertyName("serverInfo"u8);
        WriteInfo(writer, gateway);
    });

    /// <summary>The result of <c>server/discover</c>.</summary>
    public byte[] ForStateless(GatewayRoute gateway) => Write(gateway, isStateless: true, writer =>
    {
        writer.WriteString("resultType"u8, "complete"u8);
        writer.WriteStartArray("supportedVersions"u8);
        foreach (string version in ProtocolVersions.StatelessEra)
            writer.WriteStringValue(version);
        writer.WriteEndArray();
        writer.WriteNumber("ttlMs"u8, 30_000);
        writer.WriteString("cacheScope"u8, "private"u8);
        writer.WriteStartObject("_meta"u8);
        writer.WritePropertyName(Translation.ServerInfoKey);
        WriteInfo(writer, gateway);
        writer.WriteEndObject();
    });

    private byte[] Write(GatewayRoute gateway, bool isStateless, Action<Utf8JsonWriter> more)
    {
        ServerCatalog[] known = [.. gateway.Members.Select(m => catalogs.Peek(m.Server)).OfType<ServerCatalog>()];
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartObject();
            more(writer);
            WriteCapabilities(writer, known, all: known.Length < gateway.Members.Count, isStateless);
            if (InstructionsOf(gateway, known) is { Length: > 0 } instructions) writer.WriteString("instructions"u8, instructions);
            writer.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static void WriteInfo(Utf8JsonWriter writer, GatewayRoute gateway)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, gateway.Gateway.Slug);
        writer.WriteString("title"u8, gateway.Gateway.Name);
        writer.WriteString("version"u8, Release);
        writer.WriteEndObject();
    }

    /// <param name="all">While a member is not known yet it may offer anything, and what was not announced is never asked for.</param>
    private static void WriteCapabilities(Utf8JsonWriter writer, ServerCatalog[] known, bool all, bool isStateless)
    {
        bool Has(params string[] path) => all || known.Any(c => JsonEdit.Find(c.CapabilitiesJson, path) is not null);
        writer.WriteStartObject("capabilities"u8);
        WriteCapability(writer, "tools", "listChanged");
        if (Has("prompts")) WriteCapability(writer, "prompts", "listChanged");
        if (Has("resources")) WriteCapability(writer, "resources", "listChanged", "subscribe");
        if (Has("completions")) WriteCapability(writer, "completions");
        if (Has("logging")) WriteCapability(writer, "logging");
        if (!isStateless && known.Any(c => JsonEdit.Find(c.CapabilitiesJson, "tasks") is not null))
        {
            // No list of them: the members' tasks of all callers look alike to the members.
            writer.WritePropertyName("tasks"u8);
            writer.WriteRawValue("""{"cancel":{},"requests":{"tools":{"call":{}}}}"""u8);
        }

        if (isStateless && known.Any(c => JsonEdit.Find(c.CapabilitiesJson, "extensions", "io.modelcontextprotocol/tasks") is not null))
        {
            writer.WritePropertyName("extensions"u8);
            writer.WriteRawValue("""{"io.modelcontextprotocol/tasks":{}}"""u8);
        }

        writer.WriteEndObject();
    }

    private static void WriteCapability(Utf8JsonWriter writer, string name, params string[] flags)
    {
        writer.WriteStartObject(name);
        foreach (string flag in flags)
            writer.WriteBoolean(flag, true);
        writer.WriteEndObject();
    }

    private static string InstructionsOf(GatewayRoute gateway, ServerCatalog[] known)
    {
        StringBuilder text = new(gateway.Gateway.Description);
        foreach (MemberRoute member in gateway.Members)
        {
            if (known.FirstOrDefault(c => c.Server == member.Member.Server)?.Instructions is not { Length: > 0 } own) continue;
            if (text.Length + own.Length > LongestInstructions) continue;
            if (text.Length > 0) text.Append("\n\n");
            text.Append("# ").Append(member.Server.Server.Name);
            if (member.Prefix.Length > 0) text.Append(" (tools that begin with ").Append(member.Prefix).Append(')');
            text.Append('\n').Append(own);
        }

        return text.ToString();
    }
}
