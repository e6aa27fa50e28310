using Mcpx.Core.Servers;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>A connection test while it goes on: its list of steps is whole from the first moment, so that nothing jumps.</summary>
public sealed class ConnectionRun
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ConnectionStep> _known = new(StringComparer.Ordinal);

    public bool IsRunning { get; private set; } = true;

    /// <summary>Every step in order; the state of those to come is null.</summary>
    public IReadOnlyList<Row> Steps
    {
        get
        {
            lock (_gate) return [.. ConnectionStepNames.All.Select(name => _known.TryGetValue(name, out ConnectionStep? step) ? new Row(name, step.State, step.Milliseconds, step.Detail, step.Advice) : new Row(name, null, 0, "", null))];
        }
    }

    /// <summary>From any thread.</summary>
    public void Take(ConnectionStep step)
    {
        lock (_gate) _known[step.Name] = step;
    }

    public void End() => IsRunning = false;

    public sealed record Row(string Name, StepState? State, double Milliseconds, string Detail, string? Advice);
}
