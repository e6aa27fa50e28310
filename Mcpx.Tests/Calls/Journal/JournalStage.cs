using Mcpx.Core.Calls.Journal;
using Mcpx.Tests.Fixtures;

namespace Mcpx.Tests.Calls.Journal;

/// <summary>A folder with small files of the journal, opened as often as a test likes.</summary>
internal sealed class JournalStage(string name) : IDisposable
{
    private readonly ScratchFolder _folder = new(name);

    public string Path => _folder.Path;

    public JournalSettings Settings => new(Path) { SegmentBytes = 64 << 10, WritePatience = TimeSpan.FromMilliseconds(500) };

    public DiskJournal Open() => new(Settings, JournalCalls.Keys, new JournalDisk(), TimeProvider.System);

    public List<string> Files() => [.. Directory.EnumerateFiles(Path, "*" + JournalSegment.Extension, SearchOption.AllDirectories)];

    public void Dispose() => _folder.Dispose();
}
