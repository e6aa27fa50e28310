using Mcpx.Core.Audit;
using Mcpx.Core.Gateways;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Audit;

/// <summary>Who changed what, and who came in: the organisation's audit log, filtered by what the address says.</summary>
public sealed partial class AuditPage(
    AuditAdmin audit, MemberAdmin members, ServiceAccountAdmin accounts, ServerAdmin servers, GatewayAdmin gateways, ChangeFeed changes, TimeProvider time) : OrganizationPage
{
    /// <summary>For what nobody tells this replica of, such as a sign-in.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    private readonly Dictionary<Guid, string> _links = [];
    private IReadOnlyList<SelectOption<string>> _people = [];
    private IReadOnlyList<AdminEntry>? _entries;
    private IDisposable? _subscription;
    private AuditQuery? _asked;
    private string? _askedOf;
    private string? _error;
    private string? _next;
    private bool _offersInstallation;
    private bool _reading;

    [SupplyParameterFromQuery(Name = "action")]
    private string? Action { get; set; }

    [SupplyParameterFromQuery(Name = "person")]
    private string? Person { get; set; }

    [SupplyParameterFromQuery(Name = "subject")]
    private string? Subject { get; set; }

    [SupplyParameterFromQuery(Name = "range")]
    private string? RangeKey { get; set; }

    [SupplyParameterFromQuery(Name = "before")]
    private string? Before { get; set; }

    [SupplyParameterFromQuery(Name = "log")]
    private string? Log { get; set; }

    private AuditQuery Query => new(Text(Action), Text(Person), Text(Subject), Text(RangeKey), Text(Before), Text(Log));

    private AdminEntryId? Newest => _entries is [var first, ..] ? first.Id : null;

    private string Heading => (Query.IsInstallation ? "The installation's own log" : "Changes and sign-ins") + (Query.Before is null ? "" : ", older");

    /// <summary>There are too many things to offer: one is chosen at an entry, and can be given up here.</summary>
    private IReadOnlyList<SelectOption<string>> SubjectOptions =>
        Query.Subject is not { } id ? [] : [new("", "Anything"), new(id, _entries?.FirstOrDefault(e => e.Subject.Id?.ToString() == id)?.Subject.Name is { Length: > 0 } name ? name : id)];

    protected override async Task OnParametersSetAsync()
    {
        if (!Viewer.May(Permission.ViewAuditLog) || (_asked, _askedOf) == (Query, Organization)) return;
        if (_askedOf != Organization) _error = await ReadAsync(ReadChoicesAsync);
        (_asked, _askedOf, _entries, _next) = (Query, Organization, null, null);
        if (_error is null) await LoadAsync();
    }

    protected override void OnAfterRender(bool firstRender)
    {
        if (!firstRender || !RendererInfo.IsInteractive || !Viewer.May(Permission.ViewAuditLog)) return;
        _subscription = changes.Subscribe(change =>
        {
            // Not awaited: whoever changed something does not wait for our drawing.
            if (change.Kind is not ChangeKind.Configuration || change.Id == Viewer.OrganizationId.Value) _ = InvokeAsync(LookAgainAsync);
            return ValueTask.CompletedTask;
        });
        _ = RepeatAsync(LookAgain, time, LookAgainAsync);
    }

    protected override void Dispose(bool disposing)
    {
        _subscription?.Dispose();
        base.Dispose(disposing);
    }

    private async Task LookAgainAsync()
    {
        // An older page does not change by what is new.
        if (_reading || Query.Before is not null || Left.IsCancellationRequested || _entries is null) return;
        AdminEntryId? newest = Newest;
        await LoadAsync();
        if (Newest != newest) StateHasChanged();
    }

    private async Task LoadAsync()
    {
        AuditQuery query = Query;
        _reading = true;
        _error = await ReadAsync(async actor =>
        {
            DateTimeOffset? from = TimeRange.Find(query.Range) is { } range ? time.GetUtcNow() - range.Span : null;
            AdminEntryFilter filter = new(query.Action, IdOf(query.Person), IdOf(query.Subject), from, To: null, query.Before);
            Page<AdminEntry> page = query.IsInstallation ? await audit.ListInstallationAsync(actor, filter, Left) : await audit.ListAsync(actor, filter, Left);
            // Another address was asked for while this was read.
            if (query == Query) (_entries, _next) = (page.Items, page.Next);
        });
        _reading = false;
    }

    private async Task ReadChoicesAsync(Actor actor)
    {
        _links.Clear();
        _offersInstallation = audit.ShowsInstallationTo(actor);
        List<SelectOption<string>> people = [new("", "Anybody")];
        people.AddRange((await members.ListAsync(actor, after: null, MemberAdmin.LargestPage, Left)).Items
            .OrderBy(m => m.User.Name, StringComparer.OrdinalIgnoreCase).Select(m => new SelectOption<string>(m.User.Id.ToString(), m.User.Name)));
        foreach (ServiceAccountDetails details in await accounts.ListAsync(actor, Left))
        {
            people.Add(new(details.Account.Id.ToString(), details.Account.Name));
            _links[details.Account.Id.Value] = DashboardUrls.ServiceAccount(Organization, details.Account.Id);
        }

        _people = people;
        foreach (ServerSummary server in await servers.SummarizeAsync(actor, Left)) _links[server.Id.Value] = DashboardUrls.Server(Organization, server.Slug);
        foreach (GatewayDetails details in (await gateways.ListAsync(actor, after: null, GatewayAdmin.LargestPage, Left)).Items)
            _links[details.Gateway.Id.Value] = DashboardUrls.Gateway(Organization, details.Gateway.Slug);
    }

    /// <summary>Null for what is gone, or has no page.</summary>
    private string? LinkTo(AdminEntry entry) => entry.Subject switch
    {
        { Id: { } id } when _links.TryGetValue(id, out string? link) => link,
        { Kind: SubjectKinds.Member or SubjectKinds.Invitation } => DashboardUrls.Members(Organization),
        { Kind: SubjectKinds.Token } => DashboardUrls.Tokens(Organization),
        { Kind: SubjectKinds.Limit } => DashboardUrls.Limits(Organization),
        { Kind: SubjectKinds.Organization } when !Query.IsInstallation => DashboardUrls.Settings(Organization),
        _ => null,
    };

    /// <summary>An id of nothing finds nothing, rather than all under a filter that says otherwise.</summary>
    private static Guid? IdOf(string? text) => text is null ? null : Guid.TryParseExact(text, "D", out Guid id) ? id : Guid.Empty;

    private static string? Text(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();
}
