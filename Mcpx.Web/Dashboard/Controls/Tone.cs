namespace Mcpx.Web.Dashboard.Controls;

/// <summary>How good a state is. Each tone has its own colour and its own shape.</summary>
public enum Tone
{
    Neutral,
    Good,
    Warning,
    Bad,
    Info,
}
