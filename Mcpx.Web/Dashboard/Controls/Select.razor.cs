using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Controls;

/// <summary>One choice of a <see cref="Select{TValue}"/>.</summary>
public sealed record SelectOption<TValue>(TValue Value, string Label);

/// <summary>A native select, for enums, strings and numbers.</summary>
public sealed partial class Select<TValue> : InputBase<TValue>
{
    [Parameter, EditorRequired]
    public IReadOnlyList<SelectOption<TValue>> Options { get; set; } = [];

    [CascadingParameter]
    private FieldContext? Field { get; set; }

    protected override bool TryParseValueFromString(string? value, [MaybeNullWhen(false)] out TValue result, [NotNullWhen(false)] out string? validationErrorMessage)
    {
        // Only what was offered can be chosen, whatever the browser sends.
        if (BindConverter.TryConvertTo<TValue>(value, CultureInfo.InvariantCulture, out var parsed)
            && Options.Any(option => EqualityComparer<TValue>.Default.Equals(option.Value, parsed)))
        {
            result = parsed!;
            validationErrorMessage = null;
            return true;
        }

        result = default;
        validationErrorMessage = "Choose one of the listed values.";
        return false;
    }
}
