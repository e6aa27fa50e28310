using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Tokens;

public sealed partial class TokenForm(TokenAdmin tokens, EndpointNames names) : OrganizationPart
{
    private static readonly IReadOnlyList<SelectOption<int>> Lifetimes =
        [new(7, "7 days"), new(30, "30 days"), new(TokenAdmin.DefaultLifetimeDays, "90 days"), new(TokenAdmin.LongestLifetimeDays, "1 year")];

    private static readonly IReadOnlyDictionary<string, string> Properties = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["name"] = nameof(FormModel.Name),
        ["expiresInDays"] = nameof(FormModel.Days),
    };

    private readonly FormModel _model = new();
    private EditContext _form = null!;
    private RefusalMessages _messages = null!;
    private string? _problem;
    private string? _scopesError;
    private string? _endpointsError;
    private string? _toolsError;
    private IReadOnlyList<EndpointName> _endpoints = [];
    private bool _busy;

    [Parameter]
    public EventCallback<IssuedToken> OnCreated { get; set; }

    [Parameter]
    public EventCallback OnCancel { get; set; }

    protected override void OnInitialized()
    {
        _form = new EditContext(_model);
        _messages = new RefusalMessages(_form, Properties);
    }

    protected override Task OnInitializedAsync() => ReadAsync(async actor => _endpoints = await names.ListAsync(actor, Left));

    private async Task CreateAsync()
    {
        if (_busy) return;
        _busy = true;
        _messages.Clear();
        _problem = _scopesError = _endpointsError = _toolsError = null;
        IssuedToken? issued = null;
        await TryAsync(async actor =>
        {
            try
            {
                issued = await tokens.CreateAsync(actor, new NewToken(_model.Name, _model.Scopes.ToNames(), _model.Days, _model.Limits.Endpoints, _model.Limits.Patterns), Left);
            }
            catch (RefusalException.Invalid e)
            {
                _scopesError = e.Errors.FirstOrDefault(error => error.Field == "scopes") is null ? null : "Choose at least one.";
                _endpointsError = e.Errors.FirstOrDefault(error => error.Field == "endpoints")?.Message;
                _toolsError = e.Errors.FirstOrDefault(error => error.Field == "tools")?.Message;
                _problem = _messages.Show(new RefusalException.Invalid([.. e.Errors.Where(error => error.Field is not ("scopes" or "endpoints" or "tools"))]));
            }
        });
        _busy = false;
        if (issued is not null) await OnCreated.InvokeAsync(issued);
    }

    private sealed class FormModel
    {
        public string? Name { get; set; }

        public LimitsModel Limits { get; } = new();

        public bool Mcp { get; set; } = true;

        public bool ApiRead { get; set; }

        public bool ApiWrite { get; set; }

        public int Days { get; set; } = TokenAdmin.DefaultLifetimeDays;

        public TokenScopes Scopes => (Mcp ? TokenScopes.Mcp : TokenScopes.None) | (ApiRead ? TokenScopes.ApiRead : TokenScopes.None) | (ApiWrite ? TokenScopes.ApiWrite : TokenScopes.None);
    }
}
