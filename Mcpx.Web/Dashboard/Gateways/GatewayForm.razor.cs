using Mcpx.Core.Gateways;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Hosting;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Gateways;

/// <summary>A new gateway, or with <see cref="Existing"/> a changed one. Its members have their own editor.</summary>
public sealed partial class GatewayForm(GatewayAdmin gateways) : OrganizationPart
{
    private static readonly IReadOnlyList<SelectOption<FailureMode>> Modes =
        [new(FailureMode.Open, "Serve the others"), new(FailureMode.Closed, "Refuse until it is back")];

    private static readonly IReadOnlyDictionary<string, string> Properties = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["name"] = nameof(FormModel.Name),
        ["slug"] = nameof(FormModel.Slug),
        ["description"] = nameof(FormModel.Description),
        ["failureMode"] = nameof(FormModel.FailureMode),
    };

    private readonly FormModel _model = new();
    private EditContext _form = null!;
    private RefusalMessages _messages = null!;
    private SlugSuggestion _slug = null!;
    private bool _saving;

    [Parameter]
    public VirtualGateway? Existing { get; set; }

    [Parameter]
    public EventCallback<GatewayDetails> OnSaved { get; set; }

    [Parameter]
    public EventCallback OnCancel { get; set; }

    [Inject]
    private PublicAddress Address { get; set; } = null!;

    private string EndpointText => Address.To(string.IsNullOrWhiteSpace(_model.Slug)
        ? $"/mcp/{Organization}/gateway/…"
        : DashboardUrls.GatewayEndpoint(Organization, _model.Slug.Trim()));

    private string Explanation => _model.FailureMode is FailureMode.Closed
        ? "One member that can't be reached makes the gateway refuse every list and call: for agents that must not work with half of their tools."
        : "The gateway goes on with the members that are there, and tells clients which are missing and why.";

    protected override void OnInitialized()
    {
        if (Existing is not null)
            (_model.Name, _model.Slug, _model.Description, _model.FailureMode) = (Existing.Name, Existing.Slug, Existing.Description, Existing.FailureMode);
        _form = new EditContext(_model);
        _slug = new SlugSuggestion(_form, nameof(_model.Slug), slug => _model.Slug = slug, isOwn: Existing is not null);
        _messages = new RefusalMessages(_form, Properties);
    }

    private void OnNameChanged(string? name)
    {
        _model.Name = name;
        _slug.NameChanged(name);
    }

    private void OnSlugChanged(string? slug) => _slug.SlugChanged(slug);

    private async Task SaveAsync()
    {
        if (_saving) return;
        _saving = true;
        GatewayDetails? saved = null;
        string slug = (_model.Slug ?? "").Trim();
        bool done = await TryAsync(_messages, async actor => saved = Existing is null
            ? await gateways.CreateAsync(actor, new NewGateway(_model.Name, slug, _model.Description, _model.FailureMode), Left)
            : await gateways.UpdateAsync(actor, Existing.Id, new GatewayChange(_model.Name ?? "", slug, _model.Description ?? "", _model.FailureMode), Left));
        _saving = false;
        if (done && saved is not null) await OnSaved.InvokeAsync(saved);
    }

    private sealed class FormModel
    {
        public string? Name { get; set; }

        public string? Slug { get; set; }

        public string? Description { get; set; }

        public FailureMode FailureMode { get; set; }
    }
}
