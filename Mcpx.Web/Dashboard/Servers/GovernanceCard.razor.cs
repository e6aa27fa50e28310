using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Dashboard.Governance;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>The rules about a server's tools, and what they would decide, by the same code that decides calls.</summary>
public sealed partial class GovernanceCard(
    GovernanceAdmin governance, ConnectionTest test, MemberAdmin members, ServiceAccountAdmin accounts, TokenAdmin tokens, TimeProvider time) : OrganizationPart
{
    private static readonly IReadOnlyList<SelectOption<GovernanceMode>> Modes =
    [
        new(GovernanceMode.None, "All tools"), new(GovernanceMode.Allowlist, "Allowlist: only these"), new(GovernanceMode.Blocklist, "Blocklist: all but these"),
    ];

    private static readonly RuleSubject AMember = new(Role.Member);

    private ServerGovernance? _saved;
    private AudienceChoices _choices = AudienceChoices.None;
    private IReadOnlyDictionary<Guid, string> _names = new Dictionary<Guid, string>();
    private GovernanceMode _mode;
    private bool _enforce = true;
    private string? _text = "";
    private List<ToolRule> _special = [];
    private string _as = RuleWords.KeyOf(RuleAudience.Of(Role.Member));
    private ToolRule? _edited;
    private string? _error;
    private string? _toolsError;
    private string? _loadProblem;
    private IReadOnlyList<string>? _loaded;
    private bool _editing;
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

    private IEnumerable<ToolRule> Rules => _mode is GovernanceMode.None ? [] : [.. Lines.Select(line => new ToolRule(default, line)), .. _special];

    /// <summary>As it is edited. Compiled anew each time: take it once for many tools.</summary>
    private ToolPolicy Policy => new(new ServerGovernance(Server.Id, _mode, [.. Rules]) { Enforce = _enforce || _mode is GovernanceMode.None });

    private bool IsChanged => _saved is not null && Policy.Fingerprint != Ordered(_saved);

    private RuleSubject Subject => RuleWords.Parse(_as) is { } audience ? _choices.SubjectOf(audience) : default;

    private IReadOnlyList<SelectOption<string>> Viewers => [.. _choices.All().Select(o => o with { Label = o.Value == RuleWords.Everyone ? "As anybody sees it" : $"As seen by {char.ToLowerInvariant(o.Label[0])}{o.Label[1..]}" })];

    private string NowSentence => Sentence(new ToolPolicy(_saved!), "can be called");

    private string AfterSentence
    {
        get
        {
            if (Known is null) return "";
            string sentence = Sentence(Policy, "could be called");
            return $"After saving: {char.ToLowerInvariant(sentence[0])}{sentence[1..]}";
        }
    }

    private string Explanation => _mode switch
    {
        GovernanceMode.Allowlist => "Tools that no rule names can't be called, and clients don't see them. New tools of the server stay closed.",
        GovernanceMode.Blocklist => "Tools that a rule names can't be called, and clients don't see them. New tools of the server are open.",
        _ => "Every tool may be called by every member with a token.",
    };

    protected override async Task OnInitializedAsync()
    {
        _error = await ReadAsync(async actor =>
        {
            _saved = await governance.GetAsync(actor, Server.Id, Left);
            _names = await governance.NamesAsync(actor, _saved, Left);
            if (!May) return;
            _choices = await AudienceChoices.ReadAsync(members, accounts, tokens, time, actor, Left);
            Dictionary<Guid, string> names = _choices.Names();
            foreach ((Guid id, string name) in _names) names.TryAdd(id, name);
            _names = names;
        });
        Revert();
    }

    private void Revert()
    {
        if (_saved is null) return;
        (_mode, _enforce, _toolsError) = (_saved.Mode, _saved.Enforce, null);
        _text = string.Join('\n', _saved.Rules.Where(IsPlain).Select(rule => rule.Pattern));
        _special = [.. _saved.Rules.Where(rule => !IsPlain(rule))];
    }

    private static bool IsPlain(ToolRule rule) => rule is { For.Kind: AudienceKind.Everyone, Conditions.Count: 0, LogOnly: false, IsReadable: true };

    /// <summary>As the editor shows it: plain rules first.</summary>
    private static string Ordered(ServerGovernance saved) => new ToolPolicy(saved with { Rules = [.. saved.Rules.OrderBy(rule => !IsPlain(rule))] }).Fingerprint;

    private void ChangeMode(GovernanceMode mode) => _mode = mode;

    private string Sentence(ToolPolicy policy, string can)
    {
        if (policy.Mode is GovernanceMode.None) return $"Every tool of the server {can} by members.";
        if (Known is not { } known) return policy.Enforced ? $"The {policy.Mode.ToString().ToLowerInvariant()} with {policy.Rules:N0} {(policy.Rules == 1 ? "rule" : "rules")} decides what {can}. Load the tools to see what that means." : "The rules are only tried out: every tool can be called.";
        int open = known.Count(tool => policy.DecideShown(AMember, tool) is Decision.Allow);
        int conditional = known.Count(tool => policy.DecideShown(AMember, tool) is Decision.Allow && policy.ConditionsOf(AMember, tool).Count > 0);
        string some = conditional == 0 ? "" : $", {conditional:N0} of them depending on arguments";
        string trial = policy.Enforced ? "" : " The rules are only tried out.";
        return $"{open:N0} of {known.Count:N0} {(known.Count == 1 ? "tool" : "tools")} {can} by members{some}.{trial}";
    }

    private static IReadOnlyList<ToolRule> ConditionsOn(ToolPolicy policy, RuleSubject who, string tool, Decision decision) =>
        decision is Decision.Allow { WouldDeny: null } ? policy.ConditionsOf(who, tool) : [];

    private string WhyOf(Decision decision, IReadOnlyList<ToolRule> conditions) => conditions.Count == 0
        ? decision.Reason
        : $"{(_mode is GovernanceMode.Allowlist ? "Allowed" : "Blocked")} when {string.Join(", or ", conditions.Select(rule => rule.ConditionWords))}.";

    /// <summary>Off for a tool that a pattern or a rule for somebody decides: to change that, one changes the rule.</summary>
    private bool CanToggle(string tool, Decision decision) =>
        _mode is not GovernanceMode.None && _enforce && (Lines.Contains(tool, StringComparer.Ordinal) || decision.Rule is "allowlist" or "blocklist");

    private static string ToggleWord(Decision decision) => decision is Decision.Allow ? "Block" : "Allow";

    private void Toggle(string tool)
    {
        string[] lines = Lines;
        _text = string.Join('\n', lines.Contains(tool, StringComparer.Ordinal) ? lines.Where(line => line != tool) : lines.Append(tool));
    }

    /// <summary>With whom the rule is for now, also when they are gone.</summary>
    private IReadOnlyList<SelectOption<string>> WhomFor(ToolRule? rule)
    {
        SelectOption<string>[] all = [.. _choices.All()];
        return rule is null || all.Any(o => o.Value == RuleWords.KeyOf(rule.For)) ? all : [.. all, new(RuleWords.KeyOf(rule.For), RuleWords.Whom(rule.For, _names))];
    }

    private void Edit(ToolRule? rule) => (_edited, _editing) = (rule, true);

    private void Keep(ToolRule rule)
    {
        int at = _edited is null ? -1 : _special.IndexOf(_edited);
        if (IsPlain(rule))
        {
            if (at >= 0) _special.RemoveAt(at);
            _text = string.Join('\n', Lines.Append(rule.Pattern));
        }
        else if (at >= 0) _special[at] = rule;
        else _special.Add(rule);
        _editing = false;
    }

    private NewGovernance Draft() => new(_mode, null, [.. Rules.Select(rule => new NewToolRule(rule.Pattern, rule.For, rule.Conditions, rule.LogOnly))], _enforce || _mode is GovernanceMode.None);

    private async Task SaveAsync()
    {
        if (_saving) return;
        // Saved without the conditions that can't be read, it would open or close more than it was meant to.
        _toolsError = _mode is not GovernanceMode.None && _special.Exists(rule => !rule.IsReadable) ? "A rule has conditions that this release can't read: remove it before you save." : null;
        if (_toolsError is not null) return;
        _saving = true;
        bool done = await TryAsync(async actor =>
        {
            try
            {
                _saved = await governance.ReplaceAsync(actor, Server.Id, Draft(), Left);
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
