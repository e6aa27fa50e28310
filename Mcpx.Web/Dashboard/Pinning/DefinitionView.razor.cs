using Mcpx.Core.Governance.Pinning;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Pinning;

/// <summary>A tool's definition, or what differs between two, in lines.</summary>
public sealed partial class DefinitionView : ComponentBase
{
    /// <summary>Unchanged lines that are shown around a change.</summary>
    private const int Context = 3;

    private IReadOnlyList<DiffLine> _lines = [];
    private ReadOnlyMemory<byte>? _before;
    private ReadOnlyMemory<byte> _after;
    private bool _all;

    [Parameter, EditorRequired]
    public string Label { get; set; } = "";

    /// <summary>Null for a definition that is shown alone.</summary>
    [Parameter]
    public ReadOnlyMemory<byte>? Before { get; set; }

    [Parameter, EditorRequired]
    public ReadOnlyMemory<byte> After { get; set; }

    private IEnumerable<(DiffLine? Line, int Hidden)> Parts
    {
        get
        {
            bool[] shown = new bool[_lines.Count];
            for (var at = 0; at < _lines.Count; at++)
            {
                if (!_all && _lines[at].Kind is DiffKind.Same && Before is not null) continue;
                for (var near = Math.Max(0, at - Context); near <= Math.Min(_lines.Count - 1, at + Context); near++) shown[near] = true;
            }

            for (var at = 0; at < _lines.Count; at++)
            {
                var hidden = 0;
                while (at + hidden < _lines.Count && !shown[at + hidden]) hidden++;
                yield return hidden > 0 ? (null, hidden) : (_lines[at], 0);
                if (hidden > 1) at += hidden - 1;
            }
        }
    }

    protected override void OnParametersSet()
    {
        if (_lines.Count > 0 && After.Equals(_after) && Before.Equals(_before)) return;
        (_before, _after) = (Before, After);
        var after = DefinitionLines.Of(After);
        _lines = Before is null ? [.. after.Select(line => new DiffLine(DiffKind.Same, line))] : DefinitionDiff.Between(DefinitionLines.Of(Before), after);
    }
}
