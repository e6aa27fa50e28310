using System.Security.Cryptography;
using Mcpx.Core.Audit.Chain;
using Mcpx.Core.Calls;
using Mcpx.Core.Primitives;
using Mcpx.Data.Calls;

namespace Mcpx.Data.Audit.Chain;

/// <summary>A record that is being written and has no link yet: all that can be hashed before the chain's lock.</summary>
internal sealed record NewLink(OrganizationId Organization, ChainKind Kind, Guid Record, DateTimeOffset Time, byte[]? PayloadHash, byte[] Leaf)
{
    /// <summary>Of calls whose organisation is known; the others are in nobody's chain. The bytes are those that COPY sends.</summary>
    public static IReadOnlyList<NewLink> Of(IEnumerable<CallRecord> calls)
    {
        using BinaryRows rows = new(Stream.Null);
        List<NewLink> links = [];
        // Of one call at a time: they are in the row when the next are computed.
        byte[] request = new byte[SHA256.HashSizeInBytes], response = new byte[SHA256.HashSizeInBytes];
        foreach (CallRecord call in calls.Where(c => c.Organization != OrganizationId.None))
        {
            byte[]? payload = null;
            if (CallCopy.HasPayload(call))
            {
                CallCopy.WritePayload(rows, call, Hash(call.Request, request), Hash(call.Response, response));
                payload = ChainHash.Payload(ChainSchema.Newest, rows.TakeValues());
            }

            CallCopy.WriteRecord(rows, call);
            links.Add(new NewLink(call.Organization, ChainKind.Call, call.Id.Value, call.Time, payload, ChainHash.Leaf(ChainKind.Call, ChainSchema.Newest, rows.TakeValues(), payload)));
        }

        return links;
    }

    /// <summary>Of entries that are an organisation's; the installation's own log is no chain.</summary>
    public static IEnumerable<NewLink> Of(IEnumerable<AdminEntryRow> entries)
    {
        using BinaryRows rows = new(Stream.Null);
        List<NewLink> links = [];
        foreach (AdminEntryRow entry in entries)
        {
            if (entry.OrgId is not { } organization) continue;
            Write(rows, entry);
            links.Add(new NewLink(organization, ChainKind.Entry, entry.Id.Value, entry.Time, null, ChainHash.Leaf(ChainKind.Entry, ChainSchema.Newest, rows.TakeValues(), [])));
        }

        return links;
    }

    private static void Write(BinaryRows rows, AdminEntryRow entry)
    {
        rows.Row(0);
        rows.Uuid(entry.Id.Value);
        rows.Uuid(entry.OrgId?.Value);
        rows.Timestamp(entry.Time);
        rows.Int16((short)entry.ActorKind);
        rows.Uuid(entry.ActorId);
        rows.Text(entry.ActorName);
        rows.Int16((short)entry.CredentialKind);
        rows.Uuid(entry.CredentialId);
        rows.Text(entry.CredentialName);
        rows.Text(entry.Address);
        rows.Text(entry.UserAgent);
        rows.Text(entry.Action);
        rows.Text(entry.SubjectKind);
        rows.Uuid(entry.SubjectId);
        rows.Text(entry.SubjectName);
        rows.Json(entry.Before);
        rows.Json(entry.After);
    }

    private static ReadOnlyMemory<byte>? Hash(ReadOnlyMemory<byte>? payload, byte[] into)
    {
        if (payload is not { } bytes) return null;
        SHA256.HashData(bytes.Span, into);
        return into;
    }
}
