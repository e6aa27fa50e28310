using FsCheck;
using FsCheck.Fluent;

namespace Mcpx.Tests.Fixtures;

/// <summary>Property-based tests: an assertion that must hold for everything a generator makes.</summary>
internal static class Property
{
    /// <summary>True in the long run: the figures of docs/security.md instead of a slice of them.</summary>
    public static bool IsNightly { get; } = Environment.GetEnvironmentVariable("MCPX_NIGHTLY") == "1";

    public static int Times(int normally, int nightly) => IsNightly ? nightly : normally;

    public static void Holds<T>(Gen<T> values, Action<T> assertion, int times = 1000) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(times).WithQuietOnSuccess(true), Prop.ForAll(values.ToArbitrary(), assertion));
}
