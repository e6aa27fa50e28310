using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Gallery;

/// <summary>Every control in its states, with generated figures: for looking at, screenshots and browser tests. Development only.</summary>
public sealed partial class GalleryPage(IHostEnvironment environment, TimeProvider time, Toasts toasts) : ComponentBase
{
    private const string SampleJson = """
        {"account":"DE89 3704 0044 0532 0130 00","amount":1250.5,"urgent":false,"memo":null,"tags":["rent","<script>alert(1)</script>"],
         "parties":[{"name":"Ada Lovelace","role":"payer"},{"name":"Grace Hopper","role":"payee"}],"empty":{}}
        """;

    private static readonly IReadOnlyList<SelectOption<string>> Statuses =
        [new("", "Any status"), new("healthy", "Healthy"), new("degraded", "Degraded"), new("down", "Down")];

    private IReadOnlyList<GalleryTool> _tools = [];
    private DateTimeOffset _opened;
    private bool _dialogOpen;
    private string? _filter = "";
    private string _status = "";

    [SupplyParameterFromQuery(Name = "page")]
    private int? Page { get; set; }

    [SupplyParameterFromQuery(Name = "sort")]
    private string? Sort { get; set; }

    [SupplyParameterFromQuery(Name = "dir")]
    private string? Direction { get; set; }

    private Toasts Toasts { get; } = toasts;

    private bool Allowed => environment.IsDevelopment();

    private TableQuery Query => TableQuery.From(Page, Sort, Direction, pageSize: 8);

    private IReadOnlyList<GalleryTool> Matches => [.. GalleryTool.Sorted(_tools.Where(Fits), Query)];

    private IReadOnlyList<GalleryTool> Rows => [.. Matches.Skip((Query.Page - 1) * Query.PageSize).Take(Query.PageSize)];

    protected override void OnInitialized()
    {
        _opened = time.GetUtcNow();
        _tools = GalleryTool.Generate(_opened);
    }

    private bool Fits(GalleryTool tool) =>
        (_status.Length == 0 || tool.Status == _status)
        && (string.IsNullOrEmpty(_filter) || $"{tool.Server} {tool.Name}".Contains(_filter, StringComparison.OrdinalIgnoreCase));

    private void OpenDialog() => _dialogOpen = true;

    private void CloseDialog() => _dialogOpen = false;

    private void ClearFilter() => (_filter, _status) = ("", "");
}
