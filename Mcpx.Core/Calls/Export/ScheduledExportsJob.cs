using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text.Json;
using Mcpx.Core.Jobs;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Calls.Export;

/// <summary>
/// Writes the periods that are over, one file each and beside it what is in it. A file has its name by its period, so a try
/// that is repeated writes over what the one before left: nothing twice, and what is done is noted behind it, so no gap.
/// </summary>
public sealed partial class ScheduledExportsJob(
    IScheduledExportStore store, ICallStore calls, ExportVault vault, ExportFolder folder, S3Client s3, ILogger<ScheduledExportsJob> logger, TimeProvider time) : IJob
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
        DateTimeOffset from = export.DoneUntil;
        for (int files = 0; ; files++, from += length)
        {
            if (files == MostPeriods || from + length > over) return (files, true);
            try
            {
                (string file, long count) = await WriteAsync(export, from, from + length, cancellationToken);
                await store.NoteAsync(export with { DoneUntil = from }, from + length, new ExportRun(Instant.Now(time), null, file, count), cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(logger, e, export.Id, export.Organization);
                string problem = e is S3Exception or IOException ? e.Message : "The export failed; the operator's log says more.";
                await store.NoteAsync(export with { DoneUntil = from }, from, new ExportRun(Instant.Now(time), problem, export.LastRun?.File, export.LastRun?.Calls), cancellationToken);
                return (files, false);
            }
        }
    }

    private async Task<(string File, long Calls)> WriteAsync(ScheduledExport export, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        string name = $"calls-{from.UtcDateTime.ToString(export.Period is ExportPeriod.Hour ? "yyyyMMdd'T'HH'Z'" : "yyyyMMdd", CultureInfo.InvariantCulture)}";
        string file = $"{name}.jsonl.gz";
        await using FileStream content = Temporary();
        long count = await FillAsync(export, from, to, content, cancellationToken);
        content.Position = 0;
        string hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellationToken));
        using MemoryStream manifest = new(Manifest(file, from, to, count, content.Length, hash, export.Payloads));
        await DeliverAsync(export, file, content, "application/gzip", cancellationToken);
        // Last: where it is, its file is whole.
        await DeliverAsync(export, $"{name}.manifest.json", manifest, "application/json", cancellationToken);
        return (file, count);
    }

    private async Task<long> FillAsync(ScheduledExport export, DateTimeOffset from, DateTimeOffset to, Stream content, CancellationToken cancellationToken)
    {
        long count = 0;
        await using GZipStream gzip = new(content, CompressionLevel.Fastest, leaveOpen: true);
        PipeWriter output = PipeWriter.Create(gzip, new StreamPipeWriterOptions(leaveOpen: true));
        using CallJson lines = new(output, export.Payloads);
        CallFilter filter = new(From: from, To: to, Size: export.Payloads ? PageWithPayloads : Page);
        string? cursor = null;
        do
        {
            Page<CallRecord> page = await calls.ListAsync(export.Organization, filter with { Cursor = cursor }, cancellationToken);
            foreach (CallRecord call in export.Payloads ? await calls.ReadPayloadsAsync(export.Organization, page.Items, cancellationToken) : page.Items)
            {
                lines.Write(call);
                count++;
                if (output.UnflushedBytes >= FlushAt) await output.FlushAsync(cancellationToken);
            }

            cursor = page.Next;
        }
        while (cursor is not null);
        await output.CompleteAsync();
        return count;
    }

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

    private static byte[] Manifest(string file, DateTimeOffset from, DateTimeOffset to, long count, long bytes, string hash, bool payloads)
    {
        ArrayBufferWriter<byte> output = new();
        using Utf8JsonWriter json = new(output);
        json.WriteStartObject();
        json.WriteString("file", file);
        json.WriteString("from", from.UtcDateTime);
        json.WriteString("to", to.UtcDateTime);
        json.WriteNumber("calls", count);
        json.WriteBoolean("payloads", payloads);
        json.WriteNumber("bytes", bytes);
        json.WriteString("sha256", hash);
        json.WriteEndObject();
        json.Flush();
        return output.WrittenSpan.ToArray();
    }

    [LoggerMessage(6270, LogLevel.Warning, "Scheduled export {Export} of organisation {Organization} failed; it is tried again in a minute.")]
    private static partial void LogFailed(ILogger logger, Exception exception, ScheduledExportId export, OrganizationId organization);
}
