namespace Mcpx.Tests.Fixtures;

/// <summary>A folder of a test's own that goes away with it; it is made by whoever uses it.</summary>
internal sealed class ScratchFolder(string purpose) : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory($"mcpx-{purpose}-");

    public string Path => System.IO.Path.Combine(_root.FullName, purpose);

    public void Dispose() => _root.Delete(recursive: true);
}
