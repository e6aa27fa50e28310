using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Dashboard.Tokens;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.ServiceAccounts;

/// <summary>Makes a service account, or changes one.</summary>
public sealed partial class ServiceAccountForm(ServiceAccountAdmin accounts, EndpointNames names) : OrganizationPart
{
    private static readonly IReadOnlyList<SelectOption<Role>> Roles = [new(Role.Member, "Member"), new(Role.Admin, "Admin")];
    private static readonly string[] OwnPlace = ["scopes", "endpoints", "tools"];

    private static readonly IReadOnlyDictionary<string, string> Properties = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["name"] = nameof(FormModel.Name),
        ["description"] = nameof(FormModel.Description),
        ["role"] = nameof(FormModel.Role),
        ["jwks"] = nameof(FormModel.Jwks),
    };

    private FormModel _model = new();
    private EditContext _form = null!;
    private RefusalMessages _messages = null!;
    private IReadOnlyList<EndpointName> _endpoints = [];
    private string? _problem;
    private string? _scopesError;
    private string? _endpointsError;
    private string? _toolsError;
    private bool _busy;

    /// <summary>Null makes a new one.</summary>
    [Parameter]
    public ServiceAccount? Existing { get; set; }

    [Parameter]
    public EventCallback<ServiceAccountDetails> OnSaved { get; set; }

    [Parameter]
    public EventCallback OnCancel { get; set; }

    protected override async Task OnInitializedAsync()
    {
        if (Existing is { } account) _model = FormModel.Of(account);
        _form = new EditContext(_model);
        _messages = new RefusalMessages(_form, Properties);
        await ReadAsync(async actor => _endpoints = await names.ListAsync(actor, Left));
    }

    private async Task SaveAsync()
    {
        if (_busy) return;
        _busy = true;
        _messages.Clear();
        _problem = _scopesError = _endpointsError = _toolsError = null;
        ServiceAccountDetails? saved = null;
        await TryAsync(async actor =>
        {
            try
            {
                ServiceAccountInput input = _model.ToInput();
                saved = Existing is { } account ? await accounts.UpdateAsync(actor, account.Id, input, Left) : await accounts.CreateAsync(actor, input, Left);
            }
            catch (RefusalException.Invalid e)
            {
                _scopesError = e.Errors.Any(error => error.Field == "scopes") ? "Choose at least one." : null;
                _endpointsError = e.Errors.FirstOrDefault(error => error.Field == "endpoints")?.Message;
                _toolsError = e.Errors.FirstOrDefault(error => error.Field == "tools")?.Message;
                _problem = _messages.Show(new RefusalException.Invalid([.. e.Errors.Where(error => !OwnPlace.Contains(error.Field))]));
            }
            catch (RefusalException.Conflict e)
            {
                _problem = _messages.Show(e);
            }
        });
        _busy = false;
        if (saved is not null) await OnSaved.InvokeAsync(saved);
    }

    private sealed class FormModel
    {
        private const string All = "*";

        public string? Name { get; set; }

        public string? Description { get; set; }

        public Role Role { get; set; }

        public bool Mcp { get; set; } = true;

        public bool ApiRead { get; set; }

        public bool ApiWrite { get; set; }

        public string? Jwks { get; set; }

        public LimitsModel Limits { get; private init; } = new();

        public static FormModel Of(ServiceAccount account) => new()
        {
            Name = account.Name,
            Description = account.Description,
            Role = account.Role,
            Mcp = account.Scopes.HasFlag(TokenScopes.Mcp),
            ApiRead = account.Scopes.HasFlag(TokenScopes.ApiRead),
            ApiWrite = account.Scopes.HasFlag(TokenScopes.ApiWrite),
            Jwks = account.Jwks,
            Limits = LimitsModel.Of(account.Limits),
        };

        public ServiceAccountInput ToInput() => new(Name ?? "", Description ?? "", Role,
            ((Mcp ? TokenScopes.Mcp : TokenScopes.None) | (ApiRead ? TokenScopes.ApiRead : TokenScopes.None) | (ApiWrite ? TokenScopes.ApiWrite : TokenScopes.None)).ToNames(),
            Limits.Endpoints ?? [All], Limits.Patterns ?? [All], Jwks?.Trim() ?? "");
    }
}
