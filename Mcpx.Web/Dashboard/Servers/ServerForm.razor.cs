using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Hosting;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>A new server, or with <see cref="Existing"/> a changed one.</summary>
public sealed partial class ServerForm(ServerAdmin servers, ConnectionTest test) : OrganizationPart
{
    private ServerFormModel _model = new();
    private EditContext _form = null!;
    private RefusalMessages _messages = null!;
    private ConnectionReport? _report;
    private bool _slugIsOwn;
    private bool _testing;
    private bool _saving;
    private bool _showLimits;

    [Parameter]
    public ServerDetails? Existing { get; set; }

    [Parameter]
    public EventCallback<ServerDetails> OnSaved { get; set; }

    [Parameter]
    public EventCallback OnCancel { get; set; }

    [Inject]
    private PublicAddress Address { get; set; } = null!;

    private IReadOnlyList<SelectOption<CredentialChoice>> Choices =>
    [
        .. Existing?.Credential is { } stored ? [new SelectOption<CredentialChoice>(CredentialChoice.Keep, $"Keep {ServerWords.Credential(stored)}")] : Array.Empty<SelectOption<CredentialChoice>>(),
        new(CredentialChoice.None, "None"), new(CredentialChoice.ApiKey, "API key header"), new(CredentialChoice.Bearer, "Bearer token"),
    ];

    private string EndpointText => Address.To(DashboardUrls.Endpoint(Organization, string.IsNullOrWhiteSpace(_model.Slug) ? "…" : _model.Slug)).Replace("%E2%80%A6", "…", StringComparison.Ordinal);

    protected override void OnInitialized()
    {
        if (Existing is not null) _model = ServerFormModel.From(Existing);
        _slugIsOwn = Existing is not null;
        _form = new EditContext(_model);
        _messages = new RefusalMessages(_form, ServerFormModel.Properties);
    }

    private void OnNameChanged(string? name)
    {
        _model.Name = name;
        if (_slugIsOwn) return;
        _model.Slug = Slugs.From(name);
        // What was wrong with the old one is not wrong with this one.
        _form.NotifyFieldChanged(_form.Field(nameof(_model.Slug)));
    }

    private void OnSlugChanged(string? slug)
    {
        _model.Slug = slug;
        // From now on the slug is the person's, not ours to suggest.
        _slugIsOwn = !string.IsNullOrWhiteSpace(slug);
    }

    private async Task SaveAsync()
    {
        if (_saving) return;
        _saving = true;
        ServerDetails? saved = null;
        bool done = await TryAsync(_messages, async actor => saved = Existing is null
            ? await servers.CreateAsync(actor, _model.ToNew(), Left)
            : await servers.UpdateAsync(actor, Existing.Server.Id, _model.ToChange(), Left));
        _saving = false;
        // What is wrong must not hide in a section that is closed.
        _showLimits |= ServerFormModel.LimitFields.Any(field => _form.GetValidationMessages(_form.Field(field)).Any());
        if (!done || saved is null) return;
        _model.Secret = null;
        await OnSaved.InvokeAsync(saved);
    }

    private async Task TestAsync()
    {
        if (_testing) return;
        (_testing, _report) = (true, null);
        await TryAsync(_messages, async actor => _report = await TestAsync(actor));
        _testing = false;
    }

    private Task<ConnectionReport> TestAsync(Actor actor)
    {
        if (_model.CredentialInput is { } credential) return test.RunAsync(actor, _model.Url, credential, Left);
        // The kept secret goes only where it was entered for, and a draft's address is not that place.
        return _model.Url?.Trim() == Existing!.Server.Url.OriginalString
            ? test.RunAsync(actor, Existing.Server.Id, Left)
            : throw new RefusalException.Invalid([new FieldError("credential", "To test another address, enter the credential again.")]);
    }
}
