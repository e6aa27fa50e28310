using Mcpx.Core.Governance;
using Mcpx.Core.Primitives;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Governance;

/// <summary>One rule for some callers or with conditions. It is checked here and saved with the others.</summary>
public sealed partial class RuleForm(GovernanceAdmin governance) : OrganizationPart
{
    private RuleModel _model = new();
    private EditContext _form = null!;
    private RefusalMessages _messages = null!;
    private string? _rest;
    private string? _conditionsError;
    private bool _checking;

    /// <summary>Null for a new one.</summary>
    [Parameter]
    public ToolRule? Existing { get; set; }

    [Parameter, EditorRequired]
    public ServerId Server { get; set; }

    [Parameter, EditorRequired]
    public GovernanceMode Mode { get; set; }

    [Parameter, EditorRequired]
    public IReadOnlyList<SelectOption<string>> Whom { get; set; } = [];

    /// <summary>The server's tools, to choose from.</summary>
    [Parameter]
    public IReadOnlyList<string> Tools { get; set; } = [];

    [Parameter]
    public EventCallback<ToolRule> OnSave { get; set; }

    [Parameter]
    public EventCallback OnCancel { get; set; }

    private bool IsAllowlist => Mode is GovernanceMode.Allowlist;

    private string WhomHint => IsAllowlist
        ? "Opens the tool to them and to nobody else. Others need a rule of their own."
        : "Closes the tool to them and to nobody else.";

    private string TrialHint => IsAllowlist
        ? "Calls that miss the conditions pass and are recorded as “would be denied”. Without conditions there is nothing to try out."
        : "Calls that the rule would block pass and are recorded as “would be denied”.";

    protected override void OnInitialized()
    {
        _model = Existing is null ? new RuleModel() : RuleModel.Of(Existing);
        _form = new EditContext(_model);
        _messages = new RefusalMessages(_form, field => field switch
        {
            "rules[0].tool" => _form.Field(nameof(RuleModel.Tool)),
            "rules[0].for" => _form.Field(nameof(RuleModel.For)),
            _ => null,
        });
    }

    private async Task SaveAsync()
    {
        if (_checking) return;
        _checking = true;
        (_rest, _conditionsError) = (null, null);
        ToolRule rule = _model.ToRule();
        bool done = await TryAsync(_messages, actor => governance.DraftAsync(actor, Server,
            new NewGovernance(Mode, null, [new NewToolRule(rule.Pattern, rule.For, rule.Conditions, rule.LogOnly)]), Left));
        _checking = false;
        if (done) await OnSave.InvokeAsync(rule);
        else if (_model.Conditions.Count > 0) _conditionsError = _messages.Rest;
        else _rest = _messages.Rest;
    }
}
