namespace Mcpx.Core.Servers;

public enum StepState
{
    Running,
    Ok,
    Failed,

    /// <summary>Not needed here, or an earlier step failed.</summary>
    Skipped,
}

/// <summary>One step on the way to a server.</summary>
/// <param name="Name">One of <see cref="ConnectionStepNames"/>.</param>
/// <param name="Detail">What was found, or why it failed, in a sentence.</param>
/// <param name="Advice">What to do about it; null when there is nothing to do.</param>
public sealed record ConnectionStep(string Name, StepState State, double Milliseconds, string Detail, string? Advice = null);

/// <summary>The steps in their order.</summary>
public static class ConnectionStepNames
{
    public const string Dns = "dns";
    public const string Address = "address";
    public const string Tcp = "tcp";
    public const string Tls = "tls";
    public const string Http = "http";
    public const string Authentication = "authentication";
    public const string Protocol = "protocol";
    public const string Tools = "tools";

    public static IReadOnlyList<string> All { get; } = [Dns, Address, Tcp, Tls, Http, Authentication, Protocol, Tools];
}

/// <param name="Steps">All of them, in order.</param>
/// <param name="Tools">How many tools the server offers; null when it was not reached.</param>
/// <param name="ToolNames">Their names, at most <see cref="ConnectionTest.MostToolNames"/> of them: an upstream decides how many there are.</param>
/// <param name="Protocol">How it is spoken to; null when that was not found out.</param>
/// <param name="ProtocolVersion">What was agreed on for the list of tools.</param>
public sealed record ConnectionReport(
    bool Ok, IReadOnlyList<ConnectionStep> Steps, int? Tools, IReadOnlyList<string> ToolNames, UpstreamProtocol? Protocol, string? ProtocolVersion, string? ServerName)
{
    /// <summary>The authorization server that the server names, where the credential names none: for a person to look at and put on the record.</summary>
    public string? FoundIssuer { get; init; }
}
