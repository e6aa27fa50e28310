using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Redaction;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Redaction;

/// <summary>What is kept of payloads: rules of the organisation, or of the server that stands in the address.</summary>
public sealed partial class RedactionPage(RedactionAdmin redaction, ServerAdmin servers, NavigationManager navigation) : OrganizationPage
{
    private IReadOnlyList<ServerSummary> _servers = [];
    private IReadOnlyList<ServerSummary>? _listed;
    private Dictionary<ServerId, ServerRedaction> _own = [];
    private OrganizationRules _rules = OrganizationRules.Default;
    private ServerSummary? _server;
    private RedactionModel? _model;
    private PayloadMode _payloads;
    private string _before = "";
    private string? _asked;
    private string? _error;
    private bool _saving;
    private bool _resetting;

    [SupplyParameterFromQuery(Name = "server")]
    private string? Server { get; set; }

    private bool May => Viewer.May(Permission.ManageGovernance);

    private bool IsChanged => _model is not null && Now != _before;

    private string Now => $"{_payloads} {_model!.Fingerprint}";

    private IReadOnlyList<SelectOption<string>> Scopes => [new("", "The organisation, for all servers"), .. _servers.Select(s => new SelectOption<string>(s.Slug, s.Name))];

    protected override async Task OnParametersSetAsync()
    {
        string asked = $"{Organization} {Server}";
        if (_asked == asked) return;
        _asked = asked;
        await LoadAsync();
    }

    private async Task LoadAsync()
    {
        (_model, _server) = (null, null);
        _error = await ReadAsync(async actor =>
        {
            _servers = _listed = await servers.SummarizeAsync(actor, Left);
            _rules = await redaction.GetAsync(actor, Left);
            _own = (await redaction.ListServersAsync(actor, Left)).ToDictionary(s => s.Server);
            _server = string.IsNullOrEmpty(Server) ? null : _servers.FirstOrDefault(s => s.Slug == Server) ?? throw new RefusalException.NotFound("server");
        });
        if (_error is null) Revert();
    }

    private void Revert()
    {
        ServerRedaction? own = _server is null ? null : _own.GetValueOrDefault(_server.Id) ?? ServerRedaction.Default(_server.Id);
        _model = RedactionModel.Of(own?.Rules ?? _rules.Rules);
        _payloads = own?.Payloads ?? PayloadMode.Redacted;
        _before = Now;
    }

    private void Go(string server) => navigation.NavigateTo(server.Length == 0 ? DashboardUrls.Redaction(Organization) : DashboardUrls.Redaction(Organization, server));

    /// <summary>What is edited, for a trial.</summary>
    private (IReadOnlyList<RedactionRule> Rules, PayloadMode Payloads) Draft() => (_model!.ToRules(), _payloads);

    private void ShowRefusal(RefusalException.Invalid refusal)
    {
        _model!.Show(refusal, _server is null ? "rules" : "serverRules");
        StateHasChanged();
    }

    private async Task SaveAsync()
    {
        if (_saving || _model is null) return;
        _saving = true;
        _model.ClearErrors();
        RefusalException.Invalid? refused = null;
        bool done = await TryAsync(async actor =>
        {
            try
            {
                if (_server is null) _rules = await redaction.ReplaceAsync(actor, _model.ToRules(), Left);
                else _own[_server.Id] = await redaction.ReplaceServerAsync(actor, _server.Id, _payloads, _model.ToRules(), Left);
            }
            catch (RefusalException.Invalid e)
            {
                refused = e;
            }
        });
        _saving = false;
        if (refused is not null) _model.Show(refused, "rules");
        if (!done || refused is not null) return;
        Revert();
        Toasts.Show(Tone.Good, "Saved: calls are recorded by these rules from now on");
    }

    private async Task ResetAsync()
    {
        if (_saving) return;
        _saving = true;
        bool done = await TryAsync(async actor => _rules = await redaction.ResetAsync(actor, Left));
        (_saving, _resetting) = (false, false);
        if (!done) return;
        Revert();
        Toasts.Show(Tone.Good, "The built-in rules hold again");
    }

    private PayloadMode PayloadsOf(ServerSummary server) => _own.GetValueOrDefault(server.Id)?.Payloads ?? PayloadMode.Redacted;

    private string RulesOf(ServerSummary server) => _own.GetValueOrDefault(server.Id) is { Rules.Count: > 0 } own ? own.Rules.Count.ToString("N0", System.Globalization.CultureInfo.InvariantCulture) : "–";
}
