using Mcpx.Bench.Accounting;

/// <summary>Where the runtime of a measured process (DOTNET_STARTUP_HOOKS) calls this program before that process's own Main.</summary>
#pragma warning disable MA0047 // The runtime looks for this very name, outside of any namespace.
internal static class StartupHook
#pragma warning restore MA0047
{
    public static void Initialize() => RuntimeProbe.Serve();
}
