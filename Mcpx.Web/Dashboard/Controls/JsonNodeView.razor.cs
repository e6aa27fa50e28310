using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Controls;

/// <summary>One value of a <see cref="JsonTree"/> and what is below it.</summary>
public sealed partial class JsonNodeView : ComponentBase
{
    private const int Step = 50;

    // A tree of thousands of nested arrays would be thousands of nested components; the rest is shown as text.
    private const int DeepestLevel = 24;

    private int _limit = Step;

    [Parameter]
    public string? Name { get; set; }

    [Parameter, EditorRequired]
    public JsonElement Value { get; set; }

    [Parameter]
    public int Depth { get; set; }

    [Parameter]
    public int OpenTo { get; set; }

    private int Count => Depth >= DeepestLevel
        ? 0
        : Value.ValueKind switch
        {
            JsonValueKind.Array => Value.GetArrayLength(),
            JsonValueKind.Object => Value.GetPropertyCount(),
            _ => 0,
        };

    private string CountText => Value.ValueKind == JsonValueKind.Array
        ? $"[{Count:N0}]"
        : $"{{{Count:N0}}}";

    private RenderFragment? Head => Name is null
        ? null
        : builder =>
        {
            builder.OpenElement(0, "span");
            builder.AddAttribute(1, "class", "json-key");
            builder.AddContent(2, Name);
            builder.CloseElement();
        };

    private IEnumerable<(string Name, JsonElement Child)> Children => Value.ValueKind == JsonValueKind.Array
        ? Value.EnumerateArray().Take(_limit).Select((child, i) => (i.ToString(), child))
        : Value.EnumerateObject().Take(_limit).Select(property => (property.Name, property.Value));

    private string ValueText => Value.ValueKind switch
    {
        JsonValueKind.Undefined => "",
        JsonValueKind.String => StringText,
        _ => Value.GetRawText(),
    };

    /// <summary>As people read it: only what can't be seen stays escaped. A half surrogate pair has no such form.</summary>
    private string StringText
    {
        get
        {
            try
            {
                return $"\"{JsonEncodedText.Encode(Value.GetString()!, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
            }
            catch (Exception e) when (e is InvalidOperationException or ArgumentException)
            {
                return Value.GetRawText();
            }
        }
    }

    private string ValueClass => Value.ValueKind switch
    {
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null => "word",
        _ => "",
    };
}
