using System.Runtime.InteropServices;

namespace Mcpx.Bench.Accounting;

internal static partial class Native
{
    private const int ClockMonotonic = 1;
    private const int AbsoluteTime = 1;
    private const int SigTerm = 15;
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>CPU time of a process (user + system, all its threads, ended ones too) in nanoseconds; null when it is gone.</summary>
    public static long? CpuNanoseconds(int processId) =>
        ClockGetCpuClockId(processId, out var clock) == 0 && ClockGetTime(clock, out var time) == 0
            ? (time.Seconds * NanosecondsPerSecond) + time.Nanoseconds
            : null;

    /// <summary>Blocks the calling thread until the monotonic clock shows this instant; tens of microseconds late, where a timer is a millisecond late.</summary>
    public static void SleepUntil(long monotonicNanoseconds)
    {
        var due = new TimeSpec(monotonicNanoseconds / NanosecondsPerSecond, monotonicNanoseconds % NanosecondsPerSecond);
        while (ClockNanosleep(ClockMonotonic, AbsoluteTime, in due, IntPtr.Zero) != 0)
        {
            // Interrupted by a signal: the deadline is absolute, so asking again loses nothing.
        }
    }

    public static long MonotonicNanoseconds()
    {
        _ = ClockGetTime(ClockMonotonic, out var time);
        return (time.Seconds * NanosecondsPerSecond) + time.Nanoseconds;
    }

    public static void Terminate(int processId) => _ = Kill(processId, SigTerm);

    [LibraryImport("libc", EntryPoint = "clock_getcpuclockid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ClockGetCpuClockId(int processId, out int clock);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ClockGetTime(int clock, out TimeSpec time);

    [LibraryImport("libc", EntryPoint = "clock_nanosleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ClockNanosleep(int clock, int flags, in TimeSpec due, IntPtr remaining);

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int processId, int signal);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct TimeSpec(long Seconds, long Nanoseconds);
}
