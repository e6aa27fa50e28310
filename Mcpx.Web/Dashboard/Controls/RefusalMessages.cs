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
    private readonly IReadOnlyDictionary<string, string> _properties;

    /// <param name="form">Its model has the properties.</param>
    /// <param name="properties">From Core's field names to the model's properties.</param>
    public RefusalMessages(EditContext form, IReadOnlyDictionary<string, string> properties)
    {
        _form = form;
        _store = new ValidationMessageStore(form);
        _properties = properties;
        form.OnFieldChanged += (_, e) =>
        {
            _store.Clear(e.FieldIdentifier);
            form.NotifyValidationStateChanged();
        };
    }

    public void Clear()
    {
        _store.Clear();
        _form.NotifyValidationStateChanged();
    }

    /// <summary>Returns what belongs to no field of the form; null when everything found its place.</summary>
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
            if (_properties.TryGetValue(error.Field, out var property)) _store.Add(_form.Field(property), error.Message);
            else rest.Add(error.Message);
        }

        _form.NotifyValidationStateChanged();
        return rest.Count == 0 ? null : string.Join(' ', rest.Distinct(StringComparer.Ordinal));
    }
}
