using System.Globalization;
using Mcpx.Core.Governance;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Governance;

/// <summary>Makes a limit, or changes one.</summary>
public sealed partial class LimitForm(CallLimitAdmin limits) : OrganizationPart
{
    private static readonly IReadOnlyDictionary<string, string> Properties = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["tool"] = nameof(FormModel.Tool), ["for"] = nameof(FormModel.For), ["perMinute"] = nameof(FormModel.PerMinute), ["atOnce"] = nameof(FormModel.AtOnce),
    };

    private readonly FormModel _model = new();
    private EditContext _form = null!;
    private RefusalMessages _messages = null!;
    private string? _rest;
    private bool _saving;

    /// <summary>Null for a new one.</summary>
    [Parameter]
    public CallLimit? Existing { get; set; }

    [Parameter, EditorRequired]
    public IReadOnlyList<UpstreamServer> Servers { get; set; } = [];

    [Parameter, EditorRequired]
    public IReadOnlyList<SelectOption<string>> Whom { get; set; } = [];

    [Parameter]
    public EventCallback OnSaved { get; set; }

    [Parameter]
    public EventCallback OnCancel { get; set; }

    private IReadOnlyList<SelectOption<string>> ServerOptions => [new("", "All servers together"), .. Servers.Select(s => new SelectOption<string>(s.Id.ToString(), s.Name))];

    protected override void OnInitialized()
    {
        if (Existing is { } limit)
        {
            (_model.Server, _model.Tool, _model.For, _model.EachCaller) = (limit.Server?.ToString() ?? "", limit.Tool, RuleWords.KeyOf(limit.For), limit.EachCaller);
            (_model.PerMinute, _model.AtOnce) = (limit.PerMinute?.ToString(CultureInfo.InvariantCulture), limit.AtOnce?.ToString(CultureInfo.InvariantCulture));
        }

        _form = new EditContext(_model);
        _messages = new RefusalMessages(_form, Properties);
    }

    private async Task SaveAsync()
    {
        if (_saving) return;
        _saving = true;
        NewCallLimit input = new(EntityId.TryParse(_model.Server, out ServerId server) ? server : null, string.IsNullOrWhiteSpace(_model.Tool) ? null : _model.Tool.Trim(),
            RuleWords.Parse(_model.For), _model.EachCaller, NumberOf(_model.PerMinute), NumberOf(_model.AtOnce));
        bool done = await TryAsync(_messages, actor => Existing is null ? limits.CreateAsync(actor, input, Left) : limits.UpdateAsync(actor, Existing.Id, input, Left));
        _saving = false;
        _rest = _messages.Rest;
        if (done) await OnSaved.InvokeAsync();
    }

    /// <summary>What is no number is one that is refused beside its field.</summary>
    private static int? NumberOf(string? text) => string.IsNullOrWhiteSpace(text) ? null : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1;

    private sealed class FormModel
    {
        public string Server { get; set; } = "";

        public string? Tool { get; set; }

        public string For { get; set; } = RuleWords.Everyone;

        public bool EachCaller { get; set; } = true;

        public string? PerMinute { get; set; }

        public string? AtOnce { get; set; }
    }
}
