using System.Globalization;
using Mcpx.Core.Calls.Retention;
using Mcpx.Core.Identity;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Mcpx.Web.Dashboard.Governance;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Retention;

/// <summary>How long calls are on record, and what is held back from that.</summary>
public sealed partial class RetentionPage(RetentionAdmin retention, ServerAdmin servers, MemberAdmin members, ServiceAccountAdmin accounts) : OrganizationPage
{
    private static readonly IReadOnlyDictionary<string, string> Properties = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["payloadDays"] = nameof(FormModel.PayloadDays), ["recordDays"] = nameof(FormModel.RecordDays),
    };

    private readonly FormModel _model = new();
    private EditContext _form = null!;
    private RefusalMessages _messages = null!;
    private RetentionSettings? _saved;
    private IReadOnlyList<LegalHold>? _holds;
    private IReadOnlyList<UpstreamServer> _servers = [];
    private AudienceChoices _choices = AudienceChoices.None;
    private LegalHold? _releasing;
    private string? _asked;
    private string? _error;
    private bool _adding;
    private bool _saving;

    private bool May => Viewer.May(Permission.ManageOrganization);

    private bool MaySeeHolds => Viewer.May(Permission.ViewAuditLog);

    private bool IsShorter => _saved is { } saved && (DayText.Number(_model.PayloadDays) is > 0 and var payloads && payloads < saved.PayloadDays || DayText.Number(_model.RecordDays) is > 0 and var records && records < saved.RecordDays);

    protected override void OnInitialized()
    {
        _form = new EditContext(_model);
        _messages = new RefusalMessages(_form, Properties);
    }

    protected override async Task OnParametersSetAsync()
    {
        if (_asked == Organization) return;
        _asked = Organization;
        await LoadAsync();
    }

    private async Task LoadAsync() => _error = await ReadAsync(async actor =>
    {
        Show(await retention.GetAsync(actor, Left));
        if (!MaySeeHolds) return;
        _servers = [.. (await servers.ListAsync(actor, after: null, ServerAdmin.LargestPage, tag: null, Left)).Items.Select(s => s.Server)];
        _choices = AudienceChoices.None with
        {
            Members = (await members.ListAsync(actor, after: null, MemberAdmin.LargestPage, Left)).Items,
            Accounts = [.. (await accounts.ListAsync(actor, Left)).Select(a => a.Account)],
        };
        _holds = await retention.ListHoldsAsync(actor, Left);
    });

    private void Show(RetentionSettings saved)
    {
        _saved = saved;
        (_model.PayloadDays, _model.RecordDays) = (DayText.Of(saved.PayloadDays), DayText.Of(saved.RecordDays));
    }

    private async Task SaveAsync()
    {
        if (_saving) return;
        _saving = true;
        RetentionSettings wanted = new(DayText.Number(_model.PayloadDays), DayText.Number(_model.RecordDays));
        bool done = await TryAsync(_messages, async actor => Show(await retention.SaveAsync(actor, wanted, Left)));
        _saving = false;
        if (done) Toasts.Show(Tone.Good, "The times are saved");
    }

    private async Task AddedAsync()
    {
        _adding = false;
        Toasts.Show(Tone.Good, "The hold is in force");
        await LoadAsync();
    }

    private async Task ReleaseAsync()
    {
        if (_saving || _releasing is not { } hold) return;
        _saving = true;
        bool done = await TryAsync(actor => retention.ReleaseHoldAsync(actor, hold.Id, Left));
        (_saving, _releasing) = (false, null);
        if (done) Toasts.Show(Tone.Good, $"“{hold.Name}” is released");
        await LoadAsync();
    }

    private string Words(LegalHold hold)
    {
        Dictionary<Guid, string> names = _choices.Names();
        List<string> parts = ["calls"];
        if (hold.Tool is not null) parts.Add($"of {hold.Tool}");
        if (hold.Server is { } server) parts.Add($"to {_servers.FirstOrDefault(s => s.Id == server)?.Name ?? "a server that is gone"}");
        if ((hold.User?.Value ?? hold.ServiceAccount?.Value) is { } caller) parts.Add($"by {names.GetValueOrDefault(caller) ?? "somebody who is gone"}");
        if (hold.From is { } from) parts.Add($"from {Day(from)}");
        if (hold.To is { } to) parts.Add($"before {Day(to)}");
        return parts.Count == 1 ? "all calls" : string.Join(' ', parts);
    }

    private static string Day(DateTimeOffset time) => time.UtcDateTime.ToString(time.UtcDateTime.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    private sealed class FormModel
    {
        public string? PayloadDays { get; set; }

        public string? RecordDays { get; set; }
    }
}
