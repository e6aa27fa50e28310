namespace Mcpx.Tests.Fixtures;

/// <summary>The checkout that these tests were built from, for what is tested as a file: scripts, documents, other programs' outputs.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The same configuration and framework as these tests, e.g. <c>Debug/net10.0</c>.</summary>
    private static string BuildFolder { get; } = Path.GetRelativePath(Path.Combine(Root, "Mcpx.Tests", "bin"), AppContext.BaseDirectory);

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>Where the build put a program.</summary>
    public static string OutputOf(string project) => Path.TrimEndingDirectorySeparator(PathOf(project, "bin", BuildFolder));

    private static string FindRoot()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Mcpx.sln"))) return at.FullName;
        }

        throw new InvalidOperationException("Mcpx.sln is nowhere above these tests.");
    }
}
