using Mcpx.Core.Primitives;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Controls;

/// <summary>Makes the slug of a form follow its name, until the person types one of their own.</summary>
/// <param name="field">The slug's property of the form's model.</param>
/// <param name="set">Sets it.</param>
/// <param name="isOwn">True for something that has its slug already: that one is not ours to change.</param>
internal sealed class SlugSuggestion(EditContext form, string field, Action<string?> set, bool isOwn = false)
{
    private bool _isOwn = isOwn;

    public void NameChanged(string? name)
    {
        if (_isOwn) return;
        set(Slugs.From(name));
        // What was wrong with the old one is not wrong with this one.
        form.NotifyFieldChanged(form.Field(field));
    }

    /// <summary>From now on the slug is the person's, unless they emptied the field.</summary>
    public void SlugChanged(string? slug)
    {
        set(slug);
        _isOwn = !string.IsNullOrWhiteSpace(slug);
    }
}
