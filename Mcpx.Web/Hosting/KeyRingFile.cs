using System.Security.Cryptography;
using Mcpx.Core.Credentials;

namespace Mcpx.Web.Hosting;

/// <summary>The keys of this installation: the operator's, or for the embedded profile one of its own making.</summary>
internal static class KeyRingFile
{
    private const string FileName = "encryption.key";

    /// <param name="encryptionKey">Null reads, or makes, the one in the data directory.</param>
    public static KeyRing Load(string? encryptionKey, string dataDirectory) => KeyRing.Parse(encryptionKey ?? ReadOrMake(dataDirectory));

    private static string ReadOrMake(string directory)
    {
        string path = Path.Combine(directory, FileName);
        try
        {
            Directory.CreateDirectory(directory);
            if (!File.Exists(path)) Make(path);
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException([$"The data directory {directory} can't be used: {e.Message} Set MCPX_DATA to a directory that this user may write."]);
        }
    }

    /// <summary>Written aside and moved: a machine that dies in between leaves no half a key.</summary>
    private static void Make(string path)
    {
        string aside = path + ".new";
        File.Delete(aside);
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (FileStream file = new(aside, options))
        using (StreamWriter writer = new(file))
        {
            writer.Write(Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyRing.MinimumKeyBytes)));
            writer.Flush();
            file.Flush(flushToDisk: true);
        }

        File.Move(aside, path, overwrite: false);
    }
}
