using Mcpx.Core.Primitives;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Controls;

/// <summary>
/// Puts what Core refused beside the fields it is about. Core checks, the form only shows: a rule that stood in both
/// would one day differ.
/// </summary>
internal sealed class RefusalMessages
{
    private readonly EditContext _form;
    private readonly ValidationMessageStore _store;
    private readonly Func<string, FieldIdentifier?> _find;

    /// <param name="form">Its model has the properties.</param>
    /// <param name="properties">From Core's field names to the model's properties.</param>
    public RefusalMessages(EditContext form, IReadOnlyDictionary<string, string> properties)
        : this(form, field => properties.TryGetValue(field, out var property) ? form.Field(property) : null)
    {
    }

    /// <param name="form">The form of the fields.</param>
    /// <param name="find">From Core's field names to the form's fields; null for what has none.</param>
    public RefusalMessages(EditContext form, Func<string, FieldIdentifier?> find)
    {
        _form = form;
        _store = new ValidationMessageStore(form);
        _find = find;
        form.OnFieldChanged += (_, e) =>
        {
            _store.Clear(e.FieldIdentifier);
            form.NotifyValidationStateChanged();
        };
    }

    /// <summary>What belongs to no field of the form; null when everything found its place.</summary>
    public string? Rest { get; private set; }

    public void Clear()
    {
        Rest = null;
        _store.Clear();
        // What was edited was so for the try that begins here.
        _form.MarkAsUnmodified();
        _form.NotifyValidationStateChanged();
    }

    /// <summary>Returns <see cref="Rest"/>.</summary>
    public string? Show(RefusalException refusal)
    {
        IReadOnlyList<FieldError> errors = refusal switch
        {
            RefusalException.Invalid e => e.Errors,
            RefusalException.Conflict e => [new FieldError(e.Field, e.Message)],
            _ => [new FieldError("", refusal.Message)],
        };
        _store.Clear();
        List<string> rest = [];
        foreach (var error in errors)
        {
            if (_find(error.Field) is { } field) _store.Add(field, error.Message);
            else rest.Add(error.Message);
        }

        Rest = rest.Count == 0 ? null : string.Join(' ', rest.Distinct(StringComparer.Ordinal));
        _form.NotifyValidationStateChanged();
        return Rest;
    }
}
