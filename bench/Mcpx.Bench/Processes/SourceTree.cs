namespace Mcpx.Bench.Processes;

/// <summary>The sources around this program.</summary>
internal static class SourceTree
{
    /// <summary>Null when this program was taken elsewhere.</summary>
    public static string? Root()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Mcpx.sln"))) return at.FullName;
        }
        return null;
    }
}
