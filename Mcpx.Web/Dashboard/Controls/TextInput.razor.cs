using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Controls;

/// <summary>A line or several lines of text. Inside a <see cref="Field"/> it takes its id and its error from there.</summary>
public sealed partial class TextInput : InputBase<string?>
{
    private bool _wasEmpty = true;
    private int _emptied;

    /// <summary>"text", "url", "email", "search" or "password"; a password, also one of several lines, is never sent back to the browser by the server.</summary>
    [Parameter]
    public string Type { get; set; } = "text";

    [Parameter]
    public string? Placeholder { get; set; }

    [Parameter]
    public int Lines { get; set; } = 1;

    /// <summary>Names, addresses and JSON in the mono face.</summary>
    [Parameter]
    public bool Mono { get; set; }

    /// <summary>Report each keystroke instead of the finished text: for filters.</summary>
    [Parameter]
    public bool Immediate { get; set; }

    /// <summary>Off by default: a browser's memory of secrets and slugs helps nobody.</summary>
    [Parameter]
    public string Autocomplete { get; set; } = "off";

    [CascadingParameter]
    private FieldContext? Field { get; set; }

    // A bound value comes back in the next drawing: in the circuit's frames, and from there in whatever records them.
    private bool IsSecret => Type == "password";

    private string Classes => Mono ? "input mono" : "input";

    private string? Invalid => Field?.Invalid == true ? "true" : null;

    private string? Required => Field?.Required == true ? "true" : null;

    /// <summary>What nobody binds nobody empties: a field whose value was taken away is drawn anew.</summary>
    protected override void OnParametersSet()
    {
        base.OnParametersSet();
        bool isEmpty = string.IsNullOrEmpty(CurrentValue);
        if (isEmpty && !_wasEmpty) _emptied++;
        _wasEmpty = isEmpty;
    }

    private void OnTyped(ChangeEventArgs typed) => CurrentValueAsString = typed.Value as string;

    protected override bool TryParseValueFromString(string? value, out string? result, [NotNullWhen(false)] out string? validationErrorMessage)
    {
        result = value;
        validationErrorMessage = null;
        return true;
    }
}
