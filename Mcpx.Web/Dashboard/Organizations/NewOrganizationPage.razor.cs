using System.Data.Common;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Hosting;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Organizations;

/// <summary>Makes an organisation. The person acts, not a member: there is none yet.</summary>
public sealed partial class NewOrganizationPage(OrganizationAdmin organizations, NavigationManager navigation) : ComponentBase
{
    private static readonly IReadOnlyDictionary<string, string> Properties = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["name"] = nameof(FormModel.Name),
        ["slug"] = nameof(FormModel.Slug),
    };

    private readonly FormModel _model = new();
    private EditContext _form = null!;
    private RefusalMessages _messages = null!;
    private SlugSuggestion _slug = null!;
    private string? _problem;
    private bool _busy;

    [Inject]
    private DashboardSession Session { get; set; } = null!;

    [Inject]
    private PublicAddress Address { get; set; } = null!;

    private string EndpointText => Address.To($"/mcp/{(string.IsNullOrWhiteSpace(_model.Slug) ? "…" : _model.Slug)}/…");

    protected override void OnInitialized()
    {
        _form = new EditContext(_model);
        _slug = new SlugSuggestion(_form, nameof(_model.Slug), slug => _model.Slug = slug);
        _messages = new RefusalMessages(_form, Properties);
    }

    private void OnNameChanged(string? name)
    {
        _model.Name = name;
        _slug.NameChanged(name);
    }

    private void OnSlugChanged(string? slug) => _slug.SlugChanged(slug);

    private async Task CreateAsync()
    {
        if (_busy) return;
        (_busy, _problem) = (true, null);
        _messages.Clear();
        try
        {
            Membership made = await organizations.CreateAsync(await Session.DemandAsync(CancellationToken.None), new NewOrganization(_model.Name, _model.Slug), CancellationToken.None);
            navigation.NavigateTo(DashboardUrls.Overview(made.Organization.Slug), forceLoad: true);
        }
        catch (RefusalException e)
        {
            _problem = _messages.Show(e);
        }
        catch (DbException)
        {
            _problem = "The database does not answer: nothing was made. Try again in a moment.";
        }

        _busy = false;
    }

    private sealed class FormModel
    {
        public string? Name { get; set; }

        public string? Slug { get; set; }
    }
}
