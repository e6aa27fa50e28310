namespace Mcpx.Bench.Runner;

/// <summary>What a run consists of, in its order: each later part starts the gateway anew or adds to what it serves.</summary>
internal static class RunParts
{
    public const string Calls = "calls";
    public const string Starts = "starts";
    public const string Clients = "clients";
    public const string Lists = "lists";
    public const string Redaction = "redaction";

    public static IReadOnlyList<string> All { get; } = [Calls, Starts, Clients, Lists, Redaction];
}
