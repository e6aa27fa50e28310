using System.Text.Json;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Controls;

/// <summary>
/// JSON that an upstream or a client wrote, as a tree to fold. It goes through the default encoding only: what it
/// contains is hostile until proven otherwise.
/// </summary>
public sealed partial class JsonTree : ComponentBase
{
    private JsonElement _root;
    private string? _parsed;
    private string? _problem;

    [Parameter, EditorRequired]
    public string? Json { get; set; }

    [Parameter]
    public string Label { get; set; } = "JSON";

    /// <summary>How many levels are unfolded at first.</summary>
    [Parameter]
    public int OpenTo { get; set; } = 2;

    protected override void OnParametersSet()
    {
        if (_parsed is not null && _parsed == Json) return;
        _parsed = Json;
        _problem = null;
        if (string.IsNullOrWhiteSpace(Json))
        {
            _problem = "No content.";
            return;
        }

        try
        {
            using var document = JsonDocument.Parse(Json);
            _root = document.RootElement.Clone();
        }
        catch (JsonException)
        {
            _problem = "not JSON, shown as it came";
        }
    }
}
