using System.Globalization;

namespace Mcpx.Core.Calls.Streaming;

/// <summary>What stands in front of a call in a syslog message (RFC 5424, section 6.2); the message itself is the call as JSON.</summary>
internal static class SyslogHeader
{
    // Facility 13, "log audit".
    private const int Facility = 13;
    private const int Error = 3;
    private const int Warning = 4;
    private const int Informational = 6;
    private const int LongestHostName = 255;

    /// <param name="call">Gives time and severity.</param>
    /// <param name="hostName">The gateway's, see <see cref="HostName"/>.</param>
    public static string Of(CallRecord call, string hostName) => string.Create(CultureInfo.InvariantCulture,
        $"<{Facility * 8 + SeverityOf(call.Outcome)}>1 {call.Time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'} {hostName} mcpx - call - ");

    /// <summary>Printable ASCII without spaces, or the nil value.</summary>
    public static string HostName(string host)
    {
        string kept = string.Concat(host.Where(c => c is > ' ' and <= '~').Take(LongestHostName));
        return kept.Length == 0 ? "-" : kept;
    }

    /// <summary>What a person at a console would want to see: refusals as warnings, failures as errors.</summary>
    private static int SeverityOf(CallOutcome outcome) => outcome switch
    {
        CallOutcome.Ok => Informational,
        CallOutcome.UpstreamError or CallOutcome.Timeout or CallOutcome.Interrupted => Error,
        _ => Warning,
    };
}
