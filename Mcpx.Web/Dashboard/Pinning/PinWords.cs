using Mcpx.Core.Governance.Pinning;
using Mcpx.Web.Dashboard.Controls;

namespace Mcpx.Web.Dashboard.Pinning;

/// <summary>Pins in words.</summary>
internal static class PinWords
{
    public static string Mode(PinMode mode) => mode switch
    {
        PinMode.Allow => "not watched",
        PinMode.Alert => "shown, and noted",
        _ => "hidden until approved",
    };

    public static string Explain(PinMode mode) => mode switch
    {
        PinMode.Allow => "Definitions are not looked at. Whatever the server says about its tools reaches clients and their models.",
        PinMode.Alert => "New and changed tools are shown and may be called at once. They are noted here, for you to look at.",
        _ => "New and changed tools are in no list and can't be called until somebody approves them here.",
    };

    public static (Tone Tone, string Word) State(PinState state) => state switch
    {
        PinState.Approved => (Tone.Good, "approved"),
        PinState.New => (Tone.Info, "new"),
        PinState.Changed => (Tone.Warning, "changed"),
        _ => (Tone.Bad, "rejected"),
    };

    public static (Tone Tone, string Word) Grade(ChangeGrade grade) => grade switch
    {
        ChangeGrade.NewTool => (Tone.Info, "new tool"),
        ChangeGrade.Text => (Tone.Neutral, "text"),
        ChangeGrade.SchemaWidened => (Tone.Info, "takes more"),
        ChangeGrade.SchemaNarrowed => (Tone.Warning, "demands more"),
        ChangeGrade.SchemaChanged => (Tone.Warning, "schema"),
        ChangeGrade.Annotations => (Tone.Warning, "annotations"),
        _ => (Tone.Neutral, "other"),
    };

    public static string Waiting(int count) => count == 1 ? "1 waits for approval" : $"{count:N0} wait for approval";
}
