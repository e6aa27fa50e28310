using System.IO.Pipelines;
using Mcpx.Core.Audit;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls.Export;

/// <summary>How exported calls are written.</summary>
public enum ExportFormat
{
    /// <summary>RFC 4180, see <see cref="CallCsv"/>.</summary>
    Csv,

    /// <summary>One JSON object a line, see <see cref="CallJson"/>.</summary>
    JsonLines,
}

/// <param name="Filter">Its cursor says where to begin; null for the newest.</param>
/// <param name="Query">The filter in words, for the audit log: see <see cref="CallQuery.ToText"/>.</param>
/// <param name="Payloads">With what calls carried, as far as the actor may see it.</param>
public sealed record CallExportOrder(CallFilter Filter, string Query, ExportFormat Format, bool Payloads);

/// <summary>
/// Writes every call that matches, newest first. One page of them is in memory at a time, whatever their number, and the
/// next is read when the reader has taken most of it.
/// </summary>
public sealed class CallExport(ICallStore store, CallJournal journal, IAdminEntryStore entries, TimeProvider time)
{
    private const int Page = 1000;

    /// <summary>Payloads are a hundred times the size.</summary>
    private const int PageWithPayloads = 50;

    private const int FlushAt = 64 << 10;

    /// <summary>Until the last one, or <paramref name="cancellationToken"/> fires. The audit log has its entry before the first byte.</summary>
    /// <exception cref="RefusalException">Not allowed, or the cursor is not one of ours; nothing was written.</exception>
    public async Task WriteAsync(Actor actor, CallExportOrder order, PipeWriter output, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        PayloadReader reader = PayloadReader.Of(actor);
        CallFilter filter = order.Filter with { Size = order.Payloads ? PageWithPayloads : Page, Reader = reader };
        await journal.FlushAsync(cancellationToken);
        Page<CallRecord> page = await store.ListAsync(actor.Organization, filter, cancellationToken);
        await NoteAsync(actor, order, cancellationToken);
        using ICallWriter writer = order.Format is ExportFormat.Csv ? new CallCsv(output, order.Payloads) : new CallJson(output, order.Payloads);
        writer.Begin();
        while (true)
        {
            IReadOnlyList<CallRecord> calls = order.Payloads ? await RevealAsync(actor.Organization, page.Items, reader, cancellationToken) : page.Items;
            foreach (CallRecord call in calls)
            {
                writer.Write(call);
                if (output.UnflushedBytes >= FlushAt) await FlushAsync(output, cancellationToken);
            }

            await FlushAsync(output, cancellationToken);
            if (page.Next is null) return;
            page = await store.ListAsync(actor.Organization, filter with { Cursor = page.Next }, cancellationToken);
        }
    }

    private async Task<IReadOnlyList<CallRecord>> RevealAsync(OrganizationId organization, IReadOnlyList<CallRecord> calls, PayloadReader reader, CancellationToken cancellationToken) =>
        [.. (await store.ReadPayloadsAsync(organization, calls, cancellationToken)).Select(reader.Reveal)];

    private Task NoteAsync(Actor actor, CallExportOrder order, CancellationToken cancellationToken) => entries.NoteAsync(
        AdminChange.By(actor, AdminAction.CallsExport, SubjectKinds.Organization, actor.Organization.Value, time),
        new AuditView("Calls").With("format", order.Format).With("filter", order.Query).With("payloads", order.Payloads), cancellationToken);

    private static async Task FlushAsync(PipeWriter output, CancellationToken cancellationToken)
    {
        // Who reads no more is not written to any more.
        if ((await output.FlushAsync(cancellationToken)).IsCompleted) throw new OperationCanceledException("The reader is gone.");
    }
}

/// <summary>Writes calls one after the other.</summary>
public interface ICallWriter : IDisposable
{
    void Begin();

    void Write(CallRecord call);
}
