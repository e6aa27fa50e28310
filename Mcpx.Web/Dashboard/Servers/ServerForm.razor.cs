using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Hosting;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Servers;

/// <summary>A new server, or with <see cref="Existing"/> a changed one.</summary>
public sealed partial class ServerForm(ServerAdmin servers, MemberAdmin members, ConnectionTest test) : OrganizationPart
{
    private ServerFormModel _model = new();
    private EditContext _form = null!;
    private RefusalMessages _messages = null!;
    private SlugSuggestion _slug = null!;
    private IReadOnlyList<Member> _people = [];
    private ConnectionRun? _run;
    private bool _issuerFound;
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
        new(CredentialChoice.ClientCredentials, "OAuth client credentials"),
    ];

    private IReadOnlyList<SelectOption<string>> Owners
    {
        get
        {
            List<SelectOption<string>> options = [new("", "Nobody"), .. _people.Select(m => new SelectOption<string>(m.User.Id.ToString(), m.User.Name))];
            // Who stands on the record stays there until somebody else is chosen, also beyond the first page of members.
            if (options.All(o => o.Value != _model.Owner)) options.Add(new(_model.Owner, Existing?.OwnerName ?? "A member"));
            return options;
        }
    }

    private string EndpointText => Address.To(DashboardUrls.Endpoint(Organization, string.IsNullOrWhiteSpace(_model.Slug) ? "…" : _model.Slug)).Replace("%E2%80%A6", "…", StringComparison.Ordinal);

    private string PrefixHint => string.IsNullOrWhiteSpace(_model.ToolPrefix) || !_model.ToolPrefix.Trim().All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.')
        ? "Stands in front of the names of its tools and prompts in virtual gateways, unless a gateway's member says otherwise. Letters, digits, “_”, “-” and “.”."
        : $"In gateways whose member says nothing else, its tool get_user is {_model.ToolPrefix.Trim()}get_user.{(Existing is not null && Existing.Server.ToolPrefix != _model.ToolPrefix.Trim() ? " Their lists change when you save." : "")}";

    protected override void OnInitialized()
    {
        if (Existing is not null) _model = ServerFormModel.From(Existing);
        _form = new EditContext(_model);
        _slug = new SlugSuggestion(_form, nameof(_model.Slug), slug => _model.Slug = slug, isOwn: Existing is not null);
        _messages = new RefusalMessages(_form, ServerFormModel.Properties);
    }

    protected override Task OnInitializedAsync() => ReadAsync(async actor => _people = (await members.ListAsync(actor, after: null, MemberAdmin.LargestPage, Left)).Items);

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
        (_testing, _issuerFound) = (true, false);
        ConnectionRun run = _run = new ConnectionRun();
        ConnectionReport? report = null;
        bool done = await TryAsync(_messages, async actor => report = await TestAsync(actor, step => Show(run, step)));
        run.End();
        _testing = false;
        if (!done) _run = null;
        if (report?.FoundIssuer is not { } issuer) return;
        // For a person to look at: the secret goes there with the next test, or when it is saved.
        (_model.Issuer, _issuerFound) = (issuer, true);
        _form.NotifyFieldChanged(_form.Field(nameof(_model.Issuer)));
    }

    private Task<ConnectionReport> TestAsync(Actor actor, Action<ConnectionStep> onStep)
    {
        if (_model.CredentialInput is not null) return test.RunAsync(actor, _model.ToNew(), onStep, Left);
        // The kept secret goes only where it was entered for, and a draft's address is not that place.
        return _model.Url?.Trim() == Existing!.Server.Url.OriginalString
            ? test.RunAsync(actor, Existing.Server.Id, onStep, Left)
            : throw new RefusalException.Invalid([new FieldError("credential", "To test another address, enter the credential again.")]);
    }

    private void Show(ConnectionRun run, ConnectionStep step)
    {
        run.Take(step);
        _ = InvokeAsync(StateHasChanged);
    }
}
