using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>The rules about a server's tools, and what they would decide, by the same code that decides calls.</summary>
public sealed partial class GovernanceCard(GovernanceAdmin governance, ConnectionTest test) : OrganizationPart
{
    private static readonly IReadOnlyList<SelectOption<GovernanceMode>> Modes =
    [
        new(GovernanceMode.None, "All tools"), new(GovernanceMode.Allowlist, "Allowlist: only these"), new(GovernanceMode.Blocklist, "Blocklist: all but these"),
    ];

    private ServerGovernance? _saved;
    private GovernanceMode _mode;
    private string? _text = "";
    private string? _error;
    private string? _toolsError;
    private string? _loadProblem;
    private IReadOnlyList<string>? _loaded;
    private bool _loading;
    private bool _saving;

    [Parameter, EditorRequired]
    public UpstreamServer Server { get; set; } = null!;

    /// <summary>The server's tools where something else on the page has just asked for them.</summary>
    [Parameter]
    public IReadOnlyList<string>? Tools { get; set; }

    private bool May => Viewer.May(Permission.ManageGovernance);

    private IReadOnlyList<string>? Known => _loaded ?? Tools;

    private string[] Lines => [.. (_text ?? "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal)];

    private string[] Rules => _mode is GovernanceMode.None ? [] : Lines;

    private bool IsChanged => _saved is not null && (_mode != _saved.Mode || !Rules.SequenceEqual(_saved.Rules.Select(rule => rule.Pattern)));

    private ToolPolicy Draft => new(new ServerGovernance(Server.Id, _mode, [.. Rules.Select(rule => new ToolRule(default, rule))]));

    private string Explanation => _mode switch
    {
        GovernanceMode.Allowlist => "Tools that no line names can't be called, and clients don't see them. New tools of the server stay closed.",
        GovernanceMode.Blocklist => "Tools that a line names can't be called, and clients don't see them. New tools of the server are open.",
        _ => "Every tool may be called by every member with a token.",
    };

    protected override async Task OnInitializedAsync()
    {
        _error = await ReadAsync(async actor => _saved = await governance.GetAsync(actor, Server.Id, Left));
        Revert();
    }

    private void Revert()
    {
        if (_saved is null) return;
        (_mode, _text, _toolsError) = (_saved.Mode, string.Join('\n', _saved.Rules.Select(rule => rule.Pattern)), null);
    }

    private void ChangeMode(GovernanceMode mode) => _mode = mode;

    /// <summary>Off for a tool that a pattern decides: to change that, one changes the pattern.</summary>
    private bool CanToggle(string tool, Decision decision) =>
        _mode is not GovernanceMode.None && (Lines.Contains(tool, StringComparer.Ordinal) || decision.Rule is "allowlist" or "blocklist");

    private static string ToggleWord(Decision decision) => decision is Decision.Allow ? "Block" : "Allow";

    private void Toggle(string tool)
    {
        string[] lines = Lines;
        _text = string.Join('\n', lines.Contains(tool, StringComparer.Ordinal) ? lines.Where(line => line != tool) : lines.Append(tool));
    }

    private async Task SaveAsync()
    {
        if (_saving) return;
        _saving = true;
        _toolsError = null;
        bool done = await TryAsync(async actor =>
        {
            try
            {
                _saved = await governance.ReplaceAsync(actor, Server.Id, new NewGovernance(_mode, Rules), Left);
            }
            catch (RefusalException.Invalid e)
            {
                _toolsError = e.Message;
            }
        });
        _saving = false;
        if (!done || _toolsError is not null) return;
        Revert();
        Toasts.Show(Tone.Good, $"Rules of “{Server.Name}” saved: they hold from the next call on");
    }

    private async Task LoadToolsAsync()
    {
        if (_loading) return;
        _loading = true;
        _loadProblem = null;
        await TryAsync(async actor =>
        {
            ConnectionReport report = await test.RunAsync(actor, Server.Id, Left);
            if (report.Ok) _loaded = report.ToolNames;
            else _loadProblem = $"The server could not be asked: {report.Steps[^1].Detail}";
        });
        _loading = false;
    }
}
