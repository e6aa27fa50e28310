using System.Security.Cryptography;
using System.Text;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Data.Servers;

/// <summary>
/// A catalogue as bytes: version, SHA-256 of the rest, then each part behind its length. No JSON around it, since items
/// keep bytes that JSON writers refuse.
/// </summary>
internal static class CatalogEnvelope
{
    private const byte Version = 1;
    private const int Head = 1 + SHA256.HashSizeInBytes;

    public static byte[] Write(ServerCatalog catalog)
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream, Encoding.UTF8);
        writer.Write(new byte[Head]);
        writer.Write(catalog.TimeToLive?.Ticks ?? -1);
        writer.Write(catalog.Instructions is not null);
        writer.Write(catalog.Instructions ?? "");
        WriteBytes(writer, catalog.CapabilitiesJson);
        WriteList(writer, catalog.Tools);
        WriteList(writer, catalog.Prompts);
        WriteList(writer, catalog.Resources);
        WriteList(writer, catalog.ResourceTemplates);
        writer.Flush();

        byte[] content = stream.ToArray();
        content[0] = Version;
        SHA256.HashData(content.AsSpan(Head), content.AsSpan(1));
        return content;
    }

    /// <summary>Null for what another version wrote, or what is damaged: then the server is simply read anew.</summary>
    public static ServerCatalog? Read(byte[] content, ServerId server, DateTimeOffset readAt)
    {
        if (content.Length < Head || content[0] != Version || !SHA256.HashData(content.AsSpan(Head)).AsSpan().SequenceEqual(content.AsSpan(1, SHA256.HashSizeInBytes)))
            return null;
        using BinaryReader reader = new(new MemoryStream(content, Head, content.Length - Head), Encoding.UTF8);
        long ticks = reader.ReadInt64();
        bool hasInstructions = reader.ReadBoolean();
        string instructions = reader.ReadString();
        byte[] capabilities = ReadBytes(reader);
        CatalogItem[] tools = ReadList(reader), prompts = ReadList(reader), resources = ReadList(reader), templates = ReadList(reader);
        return new ServerCatalog(server, tools, prompts, resources, templates, capabilities, hasInstructions ? instructions : null, readAt, ticks < 0 ? null : TimeSpan.FromTicks(ticks));
    }

    private static void WriteList(BinaryWriter writer, IReadOnlyList<CatalogItem> list)
    {
        writer.Write(list.Count);
        foreach (CatalogItem item in list)
        {
            writer.Write(item.Key);
            WriteBytes(writer, item.Json);
        }
    }

    private static CatalogItem[] ReadList(BinaryReader reader)
    {
        CatalogItem[] items = new CatalogItem[reader.ReadInt32()];
        for (int at = 0; at < items.Length; at++) items[at] = new CatalogItem(reader.ReadString(), ReadBytes(reader));
        return items;
    }

    private static void WriteBytes(BinaryWriter writer, ReadOnlyMemory<byte> bytes)
    {
        writer.Write(bytes.Length);
        writer.Write(bytes.Span);
    }

    private static byte[] ReadBytes(BinaryReader reader) => reader.ReadBytes(reader.ReadInt32());
}
