using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Jobs;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Calls.Export;

/// <summary>
/// Writes the periods that are over, one file each and beside it what is in it. A file has its name by its period, so a try
/// that is repeated writes over what the one before left: nothing twice, and what is done is noted behind it, so no gap. A call
/// that reaches the database when its period is written already is found by its place in the chain, and goes into a file beside
/// that of the period which is written next.
/// </summary>
public sealed partial class ScheduledExportsJob(
    IScheduledExportStore store, ICallStore calls, CallQueries queries, ExportVault vault, ExportFolder folder, S3Client s3, ILogger<ScheduledExportsJob> logger, TimeProvider time) : IJob
{
    /// <summary>A store that was away for long is caught up with bit by bit: others have their turn.</summary>
    private const int MostPeriods = 24;

    private const int Page = 1000;
    private const int PageWithPayloads = 50;
    private const int FlushAt = 64 << 10;
    private const UnixFileMode OwnFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public string Name => "export-calls";

    public TimeSpan Every { get; } = TimeSpan.FromMinutes(1);

    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset over = time.GetUtcNow() - ScheduledExport.Settling;
        int written = 0, failed = 0;
        foreach (ScheduledExport export in await store.ListDueAsync(
            ScheduledExport.BeginningOf(ExportPeriod.Hour, over), ScheduledExport.BeginningOf(ExportPeriod.Day, over), cancellationToken))
        {
            (int files, bool worked) = await CatchUpAsync(export, over, cancellationToken);
            written += files;
            failed += worked ? 0 : 1;
        }

        return $"{written} files written, {failed} exports failed.";
    }

    private async Task<(int Files, bool Worked)> CatchUpAsync(ScheduledExport export, DateTimeOffset over, CancellationToken cancellationToken)
    {
        TimeSpan length = ScheduledExport.LengthOf(export.Period);
        for (int files = 0; ; files++)
        {
            DateTimeOffset from = export.DoneUntil, to = from + length;
            if (files == MostPeriods || to > over) return (files, true);
            try
            {
                if (await store.AimAsync(export, cancellationToken) is not { } target) return (files, true);
                ExportRun run = await WriteAsync(new Period(export, from, to, FilterOf(export), target), cancellationToken);
                await store.NoteAsync(export, to, run, cancellationToken);
                export = export with { DoneUntil = to, Position = target, LastRun = run };
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(logger, e, export.Id, export.Organization);
                string problem = e is S3Exception or IOException ? e.Message : "The export failed; the operator's log says more.";
                await store.NoteAsync(export, from, new ExportRun(Instant.Now(time), problem, export.LastRun?.File, export.LastRun?.Calls), cancellationToken);
                return (files, false);
            }
        }
    }

    private CallFilter FilterOf(ScheduledExport export) =>
        queries.ReadResolved(CallQuery.Parse(export.Query)) with { Size = export.Payloads ? PageWithPayloads : Page, Reader = PayloadReader.Everybody };

    /// <summary>The period's calls, and apart from them those of periods before that reached the database when their files were written.</summary>
    private async Task<ExportRun> WriteAsync(Period period, CancellationToken cancellationToken)
    {
        string name = $"calls-{period.From.UtcDateTime.ToString(period.Export.Period is ExportPeriod.Hour ? "yyyyMMdd'T'HH'Z'" : "yyyyMMdd", CultureInfo.InvariantCulture)}";
        ExportFile? late = period.Export.Position is null ? null : await WriteAsync(period, $"{name}-late", ReadLateAsync(period, cancellationToken), period.Export.BeginsAt, period.From, late: null, cancellationToken);
        ExportFile file = (await WriteAsync(period, name, ReadAsync(period, cancellationToken), period.From, period.To, late?.Name ?? "", cancellationToken))!;
        return new ExportRun(Instant.Now(time), null, file.Name, file.Calls + (late?.Calls ?? 0));
    }

    /// <param name="late">The name of the file beside it, empty for none; null for that file itself, which is written only if there is something in it.</param>
    private async Task<ExportFile?> WriteAsync(Period period, string name, IAsyncEnumerable<IReadOnlyList<CallRecord>> pages, DateTimeOffset from, DateTimeOffset to, string? late, CancellationToken cancellationToken)
    {
        string file = $"{name}.jsonl.gz";
        await using FileStream content = Temporary();
        long count = await FillAsync(period.Export, pages, content, cancellationToken);
        if (count == 0 && late is null) return null;
        content.Position = 0;
        string hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellationToken));
        using MemoryStream manifest = new(Manifest(period.Export, file, from, to, count, content.Length, hash, late));
        await DeliverAsync(period.Export, file, content, "application/gzip", cancellationToken);
        // Last: where it is, its file is whole.
        await DeliverAsync(period.Export, $"{name}.manifest.json", manifest, "application/json", cancellationToken);
        return new ExportFile(file, count);
    }

    private static async Task<long> FillAsync(ScheduledExport export, IAsyncEnumerable<IReadOnlyList<CallRecord>> pages, Stream content, CancellationToken cancellationToken)
    {
        long count = 0;
        await using GZipStream gzip = new(content, CompressionLevel.Fastest, leaveOpen: true);
        PipeWriter output = PipeWriter.Create(gzip, new StreamPipeWriterOptions(leaveOpen: true));
        using CallJson lines = new(output, export.Payloads);
        await foreach (IReadOnlyList<CallRecord> page in pages)
        {
            foreach (CallRecord call in page)
            {
                lines.Write(call);
                count++;
                if (output.UnflushedBytes >= FlushAt) await output.FlushAsync(cancellationToken);
            }
        }

        await output.CompleteAsync();
        return count;
    }

    private async IAsyncEnumerable<IReadOnlyList<CallRecord>> ReadAsync(Period period, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? cursor = null;
        do
        {
            Page<CallRecord> page = await calls.ListAsync(period.Export.Organization, period.Filter with { From = period.From, To = period.To, Cursor = cursor }, cancellationToken);
            yield return await WithPayloadsAsync(period.Export, page.Items, cancellationToken);
            cursor = page.Next;
        }
        while (cursor is not null);
    }

    private async IAsyncEnumerable<IReadOnlyList<CallRecord>> ReadLateAsync(Period period, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        CallFilter before = period.Filter with { From = period.Export.BeginsAt, To = period.From };
        await foreach (IReadOnlyList<CallRecord> page in store.ReadLateAsync(period.Export.Organization, period.Export.Position!.Value, period.Target, before, cancellationToken))
            yield return await WithPayloadsAsync(period.Export, page, cancellationToken);
    }

    private async Task<IReadOnlyList<CallRecord>> WithPayloadsAsync(ScheduledExport export, IReadOnlyList<CallRecord> page, CancellationToken cancellationToken) =>
        export.Payloads ? await calls.ReadPayloadsAsync(export.Organization, page, cancellationToken) : page;

    private async Task DeliverAsync(ScheduledExport export, string file, Stream content, string contentType, CancellationToken cancellationToken)
    {
        content.Position = 0;
        if (export.S3 is not { } bucket)
        {
            await folder.WriteAsync(export.Organization, export.Name, file, content, cancellationToken);
            return;
        }

        Secret secret = vault.Open(export) ?? throw new S3Exception("The store's key can't be read with the configured ENCRYPTION_KEY: make the export anew.");
        string key = bucket.Prefix.Length == 0 ? $"{export.Name}/{file}" : $"{bucket.Prefix}/{export.Name}/{file}";
        await s3.PutAsync(export.Organization, bucket, secret, key, content, contentType, cancellationToken);
    }

    /// <summary>For nobody else, and gone with its handle: it holds what calls carried.</summary>
    private static FileStream Temporary()
    {
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnFile;
        return new FileStream(Path.Combine(Path.GetTempPath(), $"mcpx-export-{RandomNumberGenerator.GetHexString(32, lowercase: true)}"), options);
    }

    private static byte[] Manifest(ScheduledExport export, string file, DateTimeOffset from, DateTimeOffset to, long count, long bytes, string hash, string? late)
    {
        ArrayBufferWriter<byte> output = new();
        using Utf8JsonWriter json = new(output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteString("file", file);
        json.WriteString("from", from.UtcDateTime);
        json.WriteString("to", to.UtcDateTime);
        json.WriteNumber("calls", count);
        json.WriteBoolean("payloads", export.Payloads);
        json.WriteString("query", export.Query);
        if (late is { Length: > 0 }) json.WriteString("late", late);
        json.WriteNumber("bytes", bytes);
        json.WriteString("sha256", hash);
        json.WriteEndObject();
        json.Flush();
        return output.WrittenSpan.ToArray();
    }

    /// <param name="Target">Up to which number of the chain what came late is written with it.</param>
    private sealed record Period(ScheduledExport Export, DateTimeOffset From, DateTimeOffset To, CallFilter Filter, long Target);

    private sealed record ExportFile(string Name, long Calls);

    [LoggerMessage(6270, LogLevel.Warning, "Scheduled export {Export} of organisation {Organization} failed; it is tried again in a minute.")]
    private static partial void LogFailed(ILogger logger, Exception exception, ScheduledExportId export, OrganizationId organization);
}
