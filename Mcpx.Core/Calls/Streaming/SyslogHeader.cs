using System.Globalization;

namespace Mcpx.Core.Calls.Streaming;

/// <summary>What stands in front of a line in a syslog message (RFC 5424, section 6.2); the message itself is the line.</summary>
internal static class SyslogHeader
{
    // Facility 13, "log audit".
    private const int Facility = 13;
    private const int LongestHostName = 255;

    /// <param name="message">Gives time, severity and kind.</param>
    /// <param name="hostName">The gateway's, see <see cref="HostName"/>.</param>
    public static string Of(LogMessage message, string hostName) => string.Create(CultureInfo.InvariantCulture,
        $"<{Facility * 8 + (int)message.Severity}>1 {message.Time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'} {hostName} mcpx - {LogMessage.NameOf(message.Kind)} - ");

    /// <summary>Printable ASCII without spaces, or the nil value.</summary>
    public static string HostName(string host)
    {
        string kept = string.Concat(host.Where(c => c is > ' ' and <= '~').Take(LongestHostName));
        return kept.Length == 0 ? "-" : kept;
    }
}
