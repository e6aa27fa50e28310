using System.Globalization;
using Mcpx.Core.Audit.Chain;

namespace Mcpx.Web.Hosting;

/// <summary>
/// <c>audit verify FILE</c>: verifies an export of the audit's chain, on any machine and without the installation. With
/// <c>--key</c> it also demands the key that the operator noted down, with <c>--checkpoints</c> that the chain still is the
/// one that was signed when those were taken away.
/// </summary>
internal static class AuditCommand
{
    private const string Usage = "Use: audit verify FILE [--key ID] [--checkpoints FILE].";

    /// <summary>Returns the exit code: 0 when everything holds.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        (string path, string? key, string? kept) = Read(arguments);
        await using FileStream export = Open(path);
        await using FileStream? checkpoints = kept is null ? null : Open(kept);
        ChainReport report = await ChainExportReader.VerifyAsync(export, checkpoints, CancellationToken.None);
        if (report.IsIntact && key is not null && key != report.KeyId)
            report = report with { Finding = new ChainFinding(ChainFault.CheckpointAltered, null, null, null, null, $"The export was signed by the key {report.KeyId}, and not by the one that was asked for.") };
        foreach (string line in Describe(report)) await Console.Out.WriteLineAsync(line);
        return report.IsIntact ? 0 : 1;
    }

    private static IEnumerable<string> Describe(ChainReport report)
    {
        if (report.Finding is { } finding)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"NOT INTACT ({finding.Fault}): {finding.Text}");
            yield return string.Create(CultureInfo.InvariantCulture, $"Before that, {report.Links} links hold.");
        }
        else
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"Intact: {report.Calls} calls and {report.Entries} entries, links {report.First} to {report.Last}{Span(report)}.");
            if (report.RemovedCalls + report.RemovedEntries > 0) yield return string.Create(CultureInfo.InvariantCulture, $"Retention removed {report.RemovedCalls} calls and {report.RemovedEntries} entries before that.");
            if (report.ExpiredPayloads > 0) yield return string.Create(CultureInfo.InvariantCulture, $"The payloads of {report.ExpiredPayloads} calls have expired.");
        }

        if (report.SignedAt is { } signed) yield return string.Create(CultureInfo.InvariantCulture, $"{report.Checkpoints} checkpoints, the last of {signed.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC.");
        yield return $"Signed by the key {report.KeyId}.";
    }

    private static string Span(ChainReport report) => report is { From: { } from, To: { } to }
        ? string.Create(CultureInfo.InvariantCulture, $", {from.UtcDateTime:yyyy-MM-dd HH:mm:ss} to {to.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC")
        : "";

    private static (string Path, string? Key, string? Kept) Read(string[] arguments)
    {
        string? path = null, key = null, kept = null;
        for (int i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] is "--key" or "--checkpoints" && i + 1 == arguments.Length) throw new ConfigurationException([Usage]);
            if (arguments[i] == "--key") key = arguments[++i];
            else if (arguments[i] == "--checkpoints") kept = arguments[++i];
            else if (path is null && !arguments[i].StartsWith("--", StringComparison.Ordinal)) path = arguments[i];
            else throw new ConfigurationException([Usage]);
        }

        return (path ?? throw new ConfigurationException([Usage]), key, kept);
    }

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, new FileStreamOptions { Options = FileOptions.Asynchronous | FileOptions.SequentialScan, BufferSize = 1 << 16 });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException([$"{path} can't be read: {e.Message}"]);
        }
    }
}
