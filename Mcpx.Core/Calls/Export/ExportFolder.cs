using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls.Export;

/// <summary><c>EXPORT_DIRECTORY</c>: where exports that name no store are written; null for nowhere.</summary>
public sealed record ExportSettings(string? Directory);

/// <summary>
/// The operator's directory, with a folder for each organisation and in it one for each export. Their names are an id and a
/// slug, which lead nowhere else; and no link is followed below the root, whoever may have put it there.
/// </summary>
public sealed class ExportFolder(ExportSettings settings)
{
    private const UnixFileMode OwnFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;

    public bool IsSet => settings.Directory is not null;

    /// <summary>Puts a file in its place as a whole, over one of an earlier try.</summary>
    /// <exception cref="IOException">There is no directory, no room, or a link in the way.</exception>
    public async Task WriteAsync(OrganizationId organization, string export, string name, Stream content, CancellationToken cancellationToken)
    {
        string folder = Make(organization, export);
        string file = Path.Combine(folder, name), part = file + ".part";
        Refuse(part);
        // What an earlier try left may be of any length.
        File.Delete(part);
        await using (FileStream stream = new(part, FileMode.CreateNew, FileAccess.Write, FileShare.None))
        {
            await content.CopyToAsync(stream, cancellationToken);
            stream.Flush(flushToDisk: true);
        }

        File.Move(part, file, overwrite: true);
    }

    private string Make(OrganizationId organization, string export)
    {
        string root = settings.Directory ?? throw new IOException("The operator has set no EXPORT_DIRECTORY.");
        if (!Directory.Exists(root)) throw new DirectoryNotFoundException("The directory of EXPORT_DIRECTORY is not there.");
        if (!InputCheck.IsSlug(export)) throw new IOException("An export's name is a slug.");
        string folder = root;
        foreach (string part in (string[])[organization.ToString(), export])
        {
            folder = Path.Combine(folder, part);
            Refuse(folder);
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
            else Directory.CreateDirectory(folder, OwnFolder);
            Refuse(folder);
        }

        return folder;
    }

    private static void Refuse(string path)
    {
        if (new FileInfo(path).LinkTarget is not null) throw new IOException("There is a link where an export would be written.");
    }
}
