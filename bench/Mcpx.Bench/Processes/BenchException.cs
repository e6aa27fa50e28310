namespace Mcpx.Bench.Processes;

/// <summary>A run that cannot go on, with a message for the person who started it.</summary>
internal sealed class BenchException(string message) : Exception(message);
