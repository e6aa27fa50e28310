using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Calls;

/// <summary>A recorded body. It was written by a client or an upstream: text only, never markup.</summary>
public sealed partial class PayloadView : ComponentBase
{
    private const int Step = 20;

    private byte[]? _bytes;
    private Payload? _payload;
    private int _shown = Step;

    [Parameter, EditorRequired]
    public string Label { get; set; } = "";

    [Parameter, EditorRequired]
    public byte[]? Bytes { get; set; }

    /// <summary>How long the whole body was.</summary>
    [Parameter, EditorRequired]
    public long Length { get; set; }

    /// <summary>Only the beginning was kept.</summary>
    [Parameter]
    public bool IsCut { get; set; }

    /// <summary>Why there is nothing, when there is nothing.</summary>
    [Parameter, EditorRequired]
    public string Missing { get; set; } = "";

    protected override void OnParametersSet()
    {
        if (ReferenceEquals(_bytes, Bytes)) return;
        _bytes = Bytes;
        _payload = Bytes is { Length: > 0 } ? Payload.From(Bytes) : null;
    }
}
