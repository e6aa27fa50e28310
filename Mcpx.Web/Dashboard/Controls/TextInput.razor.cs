using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Controls;

/// <summary>A line or several lines of text. Inside a <see cref="Field"/> it takes its id and its error from there.</summary>
public sealed partial class TextInput : InputBase<string?>
{
    /// <summary>"text", "url", "email", "search" or "password"; a password is never sent back to the browser by the server.</summary>
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

    private string Classes => Mono ? "input mono" : "input";

    private string? Invalid => Field?.Invalid == true ? "true" : null;

    private string? Required => Field?.Required == true ? "true" : null;

    protected override bool TryParseValueFromString(string? value, out string? result, [NotNullWhen(false)] out string? validationErrorMessage)
    {
        result = value;
        validationErrorMessage = null;
        return true;
    }
}
