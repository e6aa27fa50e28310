using System.Globalization;

namespace Mcpx.Bench.Accounting;

/// <summary>What /proc says about a process; null or empty once the process is gone.</summary>
internal static class ProcessFiles
{
    private const long NanosecondsPerTick = 10_000_000;
    private const long BytesPerKib = 1024;

    /// <summary>Resident set in bytes: what the product calls its working set.</summary>
    public static long? ResidentBytes(int processId) => ReadKib($"/proc/{processId}/status", "VmRSS:");

    /// <summary>Resident set with shared pages divided among their users: the only sum that is true for PostgreSQL's processes.</summary>
    public static long? ProportionalBytes(int processId) => ReadKib($"/proc/{processId}/smaps_rollup", "Pss:");

    /// <summary>CPU time of children that have ended and were waited for; in ticks of 10 ms, so a supplement only.</summary>
    public static long ReapedChildrenNanoseconds(int processId)
    {
        var fields = StatFields(processId);
        return fields.Length < 15 ? 0 : (Number(fields[13]) + Number(fields[14])) * NanosecondsPerTick;
    }

    /// <summary>The process and everything below it.</summary>
    public static IReadOnlySet<int> Tree(int root)
    {
        var parents = Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0)
            .Select(id => (Id: id, Fields: StatFields(id)))
            .Where(process => process.Fields.Length > 1)
            .ToLookup(process => (int)Number(process.Fields[1]), process => process.Id);
        var tree = new HashSet<int>();
        var open = new Stack<int>([root]);
        while (open.TryPop(out var next))
        {
            if (!tree.Add(next)) continue;
            foreach (var child in parents[next]) open.Push(child);
        }
        return tree;
    }

    // The second field is the command in parentheses and may itself hold blanks and parentheses: count from its end.
    private static string[] StatFields(int processId)
    {
        var text = Read($"/proc/{processId}/stat");
        var end = text.LastIndexOf(')');
        return end < 0 ? [] : text[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    private static long? ReadKib(string path, string field)
    {
        foreach (var line in Read(path).Split('\n'))
        {
            if (!line.StartsWith(field, StringComparison.Ordinal)) continue;
            return Number(line[field.Length..].Trim().Split(' ')[0]) * BytesPerKib;
        }
        return null;
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
