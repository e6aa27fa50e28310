using System.Globalization;
using Mcpx.Bench.Processes;

namespace Mcpx.Bench.Accounting;

/// <summary>Whether the system allows a process as many connections as a run opens.</summary>
internal static class OpenFiles
{
    // Each client is a connection to the gateway and one from it to the upstream; and what a process has open anyway.
    private const double EachClient = 2;
    private const int Anyway = 500;

    /// <exception cref="BenchException">There may not be so many: a run would end in the midst of it.</exception>
    public static void Require(int clients)
    {
        var needed = (long)(clients * EachClient) + Anyway;
        if (Allowed() is { } allowed && allowed < needed)
            throw new BenchException($"{clients:N0} open clients need {needed:N0} open files, and a process may have {allowed:N0}: raise `ulimit -n`, or ask for fewer by --clients");
    }

    /// <summary>The limit that children inherit; null when there is none.</summary>
    private static long? Allowed() => File.ReadLines("/proc/self/limits")
        .Where(line => line.StartsWith("Max open files", StringComparison.Ordinal))
        // .NET raises its own soft limit to the hard one.
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4])
        .Select(hard => long.TryParse(hard, CultureInfo.InvariantCulture, out var number) ? number : (long?)null)
        .FirstOrDefault();
}
