using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Controls;

/// <summary>A 16 px line icon. Always decoration: the words stand beside it, or in the label of its button.</summary>
public sealed partial class Icon : ComponentBase
{
    [Parameter, EditorRequired]
    public IconName Name { get; set; }

    private string Path => Name switch
    {
        IconName.Logo => "M9 1.5 3 9h4.5L7 14.5 13 7H8.5z",
        IconName.Overview => "M2.5 2.5h4v6h-4zM9.5 2.5h4v3h-4zM9.5 8.5h4v5h-4zM2.5 11.5h4v2h-4z",
        IconName.Calls => "M2.5 5h10.5M10 2l3 3-3 3M13.5 11H3M6 8l-3 3 3 3",
        IconName.Servers => "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01",
        IconName.Gateways => "M2 3.5h2.5L8 8h6M2 12.5h2.5L8 8M2 8h6M11.5 5.5 14 8l-2.5 2.5",
        IconName.Key => "M8.25 10.75a3 3 0 1 1-6 0 3 3 0 0 1 6 0zM7.4 8.6 13 3M10.75 5.25l2 2",
        IconName.People => "M8.25 5a2.25 2.25 0 1 1-4.5 0 2.25 2.25 0 0 1 4.5 0zM1.75 13.25c0-2.5 1.8-4 4.25-4s4.25 1.5 4.25 4M10.25 2.95a2.25 2.25 0 0 1 0 4.1M11.75 9.6c1.6.5 2.5 1.8 2.5 3.65",
        IconName.Settings => "M2 4.5h6M12 4.5h2M2 11.5h2M8 11.5h6M12 4.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0zM8 11.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0z",
        IconName.Mail => "M2 3.5h12v9H2zM2.5 4l5.5 4.5L13.5 4",
        IconName.Menu => "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
        IconName.Sun => "M10.75 8a2.75 2.75 0 1 1-5.5 0 2.75 2.75 0 0 1 5.5 0zM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7",
        IconName.Plus => "M8 3v10M3 8h10",
        IconName.Close => "M4 4l8 8M12 4l-8 8",
        IconName.Copy => "M6 6h7.5v7.5H6zM10 3.5v-1H2.5V10h1",
        IconName.Check => "M3 8.5 6.5 12 13 4.5",
        IconName.Warning => "M8 2.5 14 13H2zM8 6.5v3M8 11.2h.01",
        IconName.Info => "M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM8 7.5V11M8 5h.01",
        IconName.UpDown => "M5 6l3-3 3 3M5 10l3 3 3-3",
        IconName.Chevron => "M6 3.5 10.5 8 6 12.5",
        IconName.ArrowUp => "M8 13V3M4 7l4-4 4 4",
        IconName.ArrowDown => "M8 3v10M4 9l4 4 4-4",
        IconName.SignOut => "M6.5 2.5H3v11h3.5M7 8h7M11 5l3 3-3 3",
        IconName.Search => "M11 7A4 4 0 1 1 3 7a4 4 0 0 1 8 0zM10 10l3.5 3.5",
        IconName.Refresh => "M13 8a5 5 0 1 1-1.5-3.6M13 2v3h-3",
        IconName.Trash => "M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.5 9h7l.5-9M6.75 7v4M9.25 7v4",
        IconName.Person => "M10.75 5.25a2.75 2.75 0 1 1-5.5 0 2.75 2.75 0 0 1 5.5 0zM2.75 13.5c.4-2.6 2.5-4 5.25-4s4.85 1.4 5.25 4",
        IconName.Link => "M6.5 9.5a2.8 2.8 0 0 0 4 0l2.3-2.3a2.8 2.8 0 0 0-4-4l-.8.8M9.5 6.5a2.8 2.8 0 0 0-4 0L3.2 8.8a2.8 2.8 0 0 0 4 4l.8-.8",
        IconName.Program => "M3 5.5h10v7.5H3zM8 5.5v-3M6.25 9h.01M9.75 9h.01M1.5 8.5v2M14.5 8.5v2",
        IconName.History => "M2.5 8a5.5 5.5 0 1 0 1.6-3.9L2.5 5.7M2.5 2.5v3.2h3.2M8 5v3.2l2.2 1.4",
        IconName.Redact => "M2.5 2.5h11v11h-11zM5 6h6v1.5H5zM5 10h3.5",
        IconName.Metrics => "M2.5 2.5v11h11M5.5 11V8.5M8.5 11V5M11.5 11V7",
        _ => throw new ArgumentOutOfRangeException(nameof(Name), Name, "No such icon"),
    };
}
