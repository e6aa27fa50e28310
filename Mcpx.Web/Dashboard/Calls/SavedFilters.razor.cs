using Mcpx.Core.Calls.Search;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Calls;

/// <summary>The filters that somebody of the organisation saved, and a place to save the one of the page.</summary>
public sealed partial class SavedFilters(SavedFilterAdmin saved) : OrganizationPart
{
    private static readonly IReadOnlyDictionary<string, string> Properties = new Dictionary<string, string>(StringComparer.Ordinal) { ["name"] = nameof(FormModel.Name) };

    private readonly FormModel _model = new();
    private IReadOnlyList<SavedFilter>? _filters;
    private EditContext _form = null!;
    private RefusalMessages _messages = null!;
    private string? _rest;
    private string? _error;
    private bool _busy;

    [Parameter, EditorRequired]
    public CallQuery Query { get; set; } = new();

    /// <summary>One of them was chosen: its address is on its way.</summary>
    [Parameter]
    public EventCallback OnChosen { get; set; }

    protected override async Task OnInitializedAsync()
    {
        _form = new EditContext(_model);
        _messages = new RefusalMessages(_form, Properties);
        await LoadAsync();
    }

    private bool MayDelete(SavedFilter filter) => SavedFilterAdmin.MayDeleteAll(Viewer.Role) || filter.MadeBy == Viewer.User.Value;

    private async Task LoadAsync() => _error = await ReadAsync(async actor => _filters = await saved.ListAsync(actor, Left));

    private async Task SaveAsync()
    {
        if (_busy) return;
        _busy = true;
        bool done = await TryAsync(_messages, actor => saved.CreateAsync(actor, new NewSavedFilter(_model.Name, Query.ToText()), Left));
        _busy = false;
        _rest = _messages.Rest;
        if (!done) return;
        Toasts.Show(Tone.Good, $"Filter “{_model.Name}” saved");
        _model.Name = "";
        await LoadAsync();
    }

    private async Task DeleteAsync(SavedFilter filter)
    {
        if (!await TryAsync(actor => saved.DeleteAsync(actor, filter.Id, Left))) return;
        Toasts.Show(Tone.Good, $"Filter “{filter.Name}” deleted");
        await LoadAsync();
    }

    private sealed class FormModel
    {
        public string? Name { get; set; }
    }
}
