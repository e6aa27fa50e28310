using System.Globalization;
using Mcpx.Core.Calls.Retention;
using Mcpx.Core.Governance;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Dashboard.Governance;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Retention;

/// <summary>Makes a legal hold.</summary>
public sealed partial class HoldForm(RetentionAdmin retention) : OrganizationPart
{
    private static readonly IReadOnlyDictionary<string, string> Properties = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["name"] = nameof(FormModel.Name), ["tool"] = nameof(FormModel.Tool), ["from"] = nameof(FormModel.From), ["to"] = nameof(FormModel.Until),
    };

    private readonly FormModel _model = new();
    private EditContext _form = null!;
    private RefusalMessages _messages = null!;
    private string? _rest;
    private bool _saving;

    [Parameter, EditorRequired]
    public IReadOnlyList<UpstreamServer> Servers { get; set; } = [];

    [Parameter, EditorRequired]
    public IReadOnlyList<SelectOption<string>> Callers { get; set; } = [];

    [Parameter]
    public EventCallback OnSaved { get; set; }

    [Parameter]
    public EventCallback OnCancel { get; set; }

    private IReadOnlyList<SelectOption<string>> ServerOptions => [new("", "Every server"), .. Servers.Select(s => new SelectOption<string>(s.Id.ToString(), s.Name))];

    private IReadOnlyList<SelectOption<string>> CallerOptions => [new("", "Everybody"), .. Callers];

    protected override void OnInitialized()
    {
        _form = new EditContext(_model);
        _messages = new RefusalMessages(_form, Properties);
    }

    private async Task SaveAsync()
    {
        if (_saving) return;
        _saving = true;
        RuleAudience? caller = _model.Caller.Length == 0 ? null : RuleWords.Parse(_model.Caller);
        NewLegalHold input = new(
            _model.Name,
            EntityId.TryParse(_model.Server, out ServerId server) ? server : null,
            caller is { Kind: AudienceKind.Member, Id: { } user } ? UserId.From(user) : null,
            caller is { Kind: AudienceKind.ServiceAccount, Id: { } account } ? ServiceAccountId.From(account) : null,
            _model.Tool?.Trim(), DayOf(_model.From), DayOf(_model.Until)?.AddDays(1));
        bool done = await TryAsync(_messages, actor => retention.AddHoldAsync(actor, input, Left));
        _saving = false;
        _rest = _messages.Rest;
        if (done) await OnSaved.InvokeAsync();
    }

    private static DateTimeOffset? DayOf(string? text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly day) ? new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero) : null;

    private sealed class FormModel
    {
        public string? Name { get; set; }

        public string Server { get; set; } = "";

        public string Caller { get; set; } = "";

        public string? Tool { get; set; }

        public string? From { get; set; }

        public string? Until { get; set; }
    }
}
