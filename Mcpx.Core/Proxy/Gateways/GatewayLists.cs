using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Mcpx.Core.Calls;
using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Protocol;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy.Gateways;

/// <summary>
/// A virtual gateway's lists, from its members' catalogues: filtered for the caller, in a stable order, with what is missing
/// said in <c>_meta["mcpx/upstreams"]</c>.
/// </summary>
public sealed class GatewayLists(GovernanceEngine governance)
{
    /// <summary>Many clients never ask for a second page, so one holds what any agent can use.</summary>
    public const int PageSize = 1000;

    /// <summary>Bytes that one member's state takes as a rule.</summary>
    private const int StateLength = 128;

    private const string UpstreamsKey = "mcpx/upstreams";

    /// <summary>Null for a method that is no list.</summary>
    public static string? MemberOf(string method) => method switch
    {
        RequestMethods.ToolsList => "tools",
        RequestMethods.PromptsList => "prompts",
        RequestMethods.ResourcesList => "resources",
        RequestMethods.ResourcesTemplatesList => "resourceTemplates",
        _ => null,
    };

    /// <summary>The answer with the list, to be disposed when it is sent; null for a cursor that is not ours.</summary>
    public RentedWriter? Write(ProxyContext context)
    {
        GatewayView view = context.View!;
        string member = MemberOf(context.Message!.Method!)!;
        IReadOnlyList<ExposedItem> items = member switch
        {
            "tools" => [.. view.Catalog.Tools.Where(t => governance.DecideShown(context.Snapshot.Governance, t.Member.Server, t.UpstreamName, context.Caller!, t.Name) is Decision.Allow
                && context.Snapshot.Pins.Shows(t.Member.Server, t.UpstreamName, t.Hash))],
            "prompts" => view.Catalog.Prompts,
            "resources" => view.Catalog.Resources,
            _ => view.Catalog.ResourceTemplates,
        };
        if (StartOf(context, items) is not { } start) return null;
        ExposedItem[] page = [.. items.Skip(start).Take(PageSize)];
        return Write(context, view, member, page, start + page.Length < items.Count ? CursorBehind(start + page.Length, page[^1]) : null);
    }

    private static RentedWriter Write(ProxyContext context, GatewayView view, string member, ExposedItem[] page, string? next)
    {
        // Large enough from the start, and the whole answer at once: each copy of a thousand tools is several hundred KB.
        RentedWriter list = new(page.Sum(i => i.Json.Length + 1) + view.Members.Count * StateLength + 1024);
        list.Write("{\"jsonrpc\":\"2.0\",\"id\":"u8);
        list.Write(context.RequestId.Span);
        list.Write(",\"result\":"u8);
        using (Utf8JsonWriter writer = new(list, new JsonWriterOptions { SkipValidation = true }))
        {
            writer.WriteStartObject();
            writer.WriteStartArray(member);
            foreach (ExposedItem item in page)
                writer.WriteRawValue(item.Json.Span, skipInputValidation: true);
            writer.WriteEndArray();
            if (next is not null) writer.WriteString("nextCursor"u8, next);
            writer.WriteStartObject("_meta"u8);
            writer.WriteStartArray(UpstreamsKey);
            foreach (MemberState state in view.Members)
                Write(writer, state);
            writer.WriteEndArray();
            writer.WriteEndObject();
            if (context.Era is ProtocolEra.Stateless)
            {
                writer.WriteString("resultType"u8, "complete"u8);
                // A list that has holes is asked for again soon.
                writer.WriteNumber("ttlMs"u8, view.Members.All(m => m.Status is MemberStatus.Fresh) ? 30_000 : 5_000);
                writer.WriteString("cacheScope"u8, "private"u8);
            }

            writer.WriteEndObject();
        }

        list.Write("}"u8);
        return list;
    }

    private static void Write(Utf8JsonWriter writer, MemberState state)
    {
        writer.WriteStartObject();
        writer.WriteString("server"u8, state.Member.Server.Server.Slug);
        writer.WriteString("status"u8, state.Status switch { MemberStatus.Fresh => "ok"u8, MemberStatus.Stale => "stale"u8, _ => "missing"u8 });
        if (state.Reason is not null) writer.WriteString("reason"u8, state.Reason);
        if (state.Message is not null) writer.WriteString("message"u8, state.Message);
        if (state.ReadAt is { } read) writer.WriteString("readAt"u8, read);
        writer.WriteEndObject();
    }

    /// <summary>Where the page starts: behind the item that the cursor names, wherever that now stands.</summary>
    private static int? StartOf(ProxyContext context, IReadOnlyList<ExposedItem> items)
    {
        if (JsonEdit.Find(context.Body, "params", "cursor") is not { } given || given.Span.SequenceEqual("null"u8)) return 0;
        if (JsonEdit.FindText(context.Body, "params", "cursor") is not { Length: < 16_384 } cursor || !Base64Url.IsValid(cursor)) return null;
        string[] parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor)).Split('\n', 2);
        if (parts.Length != 2 || !int.TryParse(parts[0], out int index) || index < 0) return null;
        if (index <= items.Count && index > 0 && items[index - 1].Name == parts[1]) return index;
        for (int i = 0; i < items.Count; i++)
        {
            if (items[i].Name == parts[1]) return i + 1;
        }

        return Math.Min(index, items.Count);
    }

    private static string CursorBehind(int index, ExposedItem last) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{index}\n{last.Name}"));
}
