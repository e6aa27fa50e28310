namespace Mcpx.Bench.Runner;

/// <summary>What a run consists of, in its order: each later part starts the gateway anew or adds to what it serves.</summary>
internal static class RunParts
{
    public const string Calls = "calls";
    public const string Starts = "starts";
    public const string Clients = "clients";
    public const string Lists = "lists";
    public const string Redaction = "redaction";

    /// <summary>Calls and start on a database with very many organisations.</summary>
    public const string Snapshot = "snapshot";

    public static IReadOnlyList<string> Usual { get; } = [Calls, Starts, Clients, Lists, Redaction];

    public static IReadOnlyList<string> All { get; } = [.. Usual, Snapshot];
}
