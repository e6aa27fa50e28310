using System.Linq.Expressions;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Controls;

/// <summary>Label, hint and error around one input. With <see cref="For"/> the error comes from the form's messages.</summary>
public sealed partial class Field : ComponentBase, IDisposable
{
    private readonly string _id = ElementIds.Next("field");
    private FieldContext? _context;
    private string? _error;
    // Edited since the error came: its words stand until the next try, no longer as an alarm.
    private bool _answered;
    private EditContext? _listening;

    [Parameter, EditorRequired]
    public string Label { get; set; } = "";

    [Parameter]
    public string? Hint { get; set; }

    /// <summary>An error of the page's own; wins over the form's messages.</summary>
    [Parameter]
    public string? Error { get; set; }

    /// <summary>Most fields are required; the others say so.</summary>
    [Parameter]
    public bool Optional { get; set; }

    [Parameter]
    public Expression<Func<object?>>? For { get; set; }

    [Parameter]
    public RenderFragment? ChildContent { get; set; }

    [CascadingParameter]
    private EditContext? Form { get; set; }

    private string HintId => _id + "-hint";

    private string ErrorId => _id + "-error";

    public void Dispose()
    {
        if (_listening is not null) _listening.OnValidationStateChanged -= OnValidationStateChanged;
    }

    protected override void OnParametersSet()
    {
        if (_listening != Form)
        {
            Dispose();
            _listening = Form;
            if (Form is not null) Form.OnValidationStateChanged += OnValidationStateChanged;
        }

        Refresh();
    }

    private void OnValidationStateChanged(object? sender, ValidationStateChangedEventArgs e)
    {
        Refresh();
        _ = InvokeAsync(StateHasChanged);
    }

    private void Refresh()
    {
        FieldIdentifier? field = Form is not null && For is not null ? FieldIdentifier.Create(For) : null;
        var found = Error ?? (field is { } asked ? Form!.GetValidationMessages(asked).FirstOrDefault() : null);
        // With the words gone at the first edit, the button would move away from under the click that is aimed at it.
        _answered = found is null && _error is not null && field is { } edited && Form!.IsModified(edited);
        if (!_answered) _error = found;
        var described = string.Join(' ', new[] { Hint is null ? null : HintId, _error is null ? null : ErrorId }.Where(id => id is not null));
        _context = new FieldContext(_id, described.Length == 0 ? null : described, _error is not null && !_answered, !Optional);
    }
}
