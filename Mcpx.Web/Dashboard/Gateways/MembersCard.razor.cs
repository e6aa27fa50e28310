using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mcpx.Core.Gateways;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Gateways;

/// <summary>The members of a gateway: edited as they like, saved as a whole.</summary>
public sealed partial class MembersCard(GatewayAdmin gateways, ServerAdmin servers) : OrganizationPart
{
    private List<MemberModel> _members = [];
    private IReadOnlyList<ServerSummary>? _servers;
    private EditContext _form = null!;
    private RefusalMessages _messages = null!;
    private string _saved = TextOf([]);
    private string _chosen = "";
    private string? _error;
    private DateTimeOffset _seen;
    private bool _isStale;
    private bool _saving;

    [Parameter, EditorRequired]
    public GatewayDetails Details { get; set; } = null!;

    [Parameter]
    public EventCallback<GatewayDetails> OnSaved { get; set; }

    /// <summary>Somebody else has changed the gateway, and it shall be read again.</summary>
    [Parameter]
    public EventCallback OnReload { get; set; }

    private bool May => Viewer.May(Permission.ManageServers);

    private bool IsChanged => TextOf(_members) != _saved;

    private IReadOnlyList<SelectOption<string>> Candidates
    {
        get
        {
            SelectOption<string>[] free =
            [
                .. _servers!.Where(s => !_members.Exists(m => m.Server.Id == s.Id)).Select(s => new SelectOption<string>(s.Slug, s.Enabled ? $"{s.Name} ({s.Slug})" : $"{s.Name} ({s.Slug}), off")),
            ];
            return free.Length == 0 ? [] : [new("", "Choose a server…"), .. free];
        }
    }

    /// <summary>A member, or a part of its, in Core's names of fields.</summary>
    [GeneratedRegex(@"^members\[(?<member>\d+)\](?:\.overrides\[(?<override>\d+)\])?\.(?<part>\w+)\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 100)]
    private static partial Regex FieldName();

    /// <summary>Leads to the settings of a member.</summary>
    public void Open(ServerId server)
    {
        if (_members.Find(m => m.Server.Id == server) is not { } member) return;
        (member.IsOpen, member.WantsFocus) = (true, true);
        StateHasChanged();
    }

    protected override void OnInitialized()
    {
        _form = new EditContext(this);
        _form.OnFieldChanged += (_, _) => StateHasChanged();
        _messages = new RefusalMessages(_form, Find);
    }

    protected override async Task OnInitializedAsync()
    {
        if (May) _error = await ReadAsync(async actor => _servers = await servers.SummarizeAsync(actor, Left));
    }

    protected override void OnParametersSet()
    {
        string shown = TextOf(Details.Members.Select(MemberModel.From));
        if (shown == _saved) _seen = Details.Gateway.UpdatedAt;
        // A draft stays; that the stored members are no longer those it began with is said when it is saved.
        else if (!IsChanged) Load();
    }

    /// <summary>Two drafts are the same when they would be saved the same.</summary>
    private static string TextOf(IEnumerable<MemberModel> members) => JsonSerializer.Serialize(members.Select(m => m.ToInput()));

    private void Load()
    {
        // Those that stand open stay open.
        HashSet<string> open = [.. _members.Where(m => m.IsOpen).Select(m => m.Server.Slug)];
        _members = [.. Details.Members.Select(MemberModel.From)];
        foreach (MemberModel member in _members) member.IsOpen = open.Contains(member.Server.Slug);
        (_saved, _seen, _isStale, _chosen) = (TextOf(_members), Details.Gateway.UpdatedAt, false, "");
        _messages.Clear();
    }

    private async Task ReloadAsync()
    {
        // The draft is given up first, or it would be kept.
        Load();
        await OnReload.InvokeAsync();
    }

    private void Add()
    {
        if (_servers?.FirstOrDefault(s => s.Slug == _chosen) is not { } server || _members.Exists(m => m.Server.Id == server.Id)) return;
        _members.Add(MemberModel.New(server));
        _chosen = "";
    }

    private void Remove(MemberModel member) => _members.Remove(member);

    private void Move(int index, int by)
    {
        int target = index + by;
        if (target < 0 || target >= _members.Count) return;
        (_members[index], _members[target]) = (_members[target], _members[index]);
    }

    private async Task SaveAsync()
    {
        if (_saving || !IsChanged) return;
        (_saving, _isStale) = (true, false);
        GatewayDetails? saved = null;
        GatewayChange change = new(Members: [.. _members.Select(m => m.ToInput())], IfUpdatedAt: _seen);
        bool done = await TryAsync(_messages, async actor => saved = await gateways.UpdateAsync(actor, Details.Gateway.Id, change, Left));
        _saving = false;
        if (!done || saved is null) return;
        (Details, _saved) = (saved, TextOf(_members));
        Load();
        Toasts.Show(Tone.Good, $"Members of “{saved.Gateway.Name}” saved: clients see them from their next list on");
        await OnSaved.InvokeAsync(saved);
    }

    /// <summary>The place of a refusal; a member that it is about is opened.</summary>
    private FieldIdentifier? Find(string field)
    {
        if (field == "ifUpdatedAt") _isStale = true;
        Match match = FieldName().Match(field);
        if (!match.Success || _members.ElementAtOrDefault(int.Parse(match.Groups["member"].Value, CultureInfo.InvariantCulture)) is not { } member) return null;
        member.IsOpen = true;
        string part = match.Groups["part"].Value;
        string property = char.ToUpperInvariant(part[0]) + part[1..];
        return match.Groups["override"] is { Success: true } number
            ? new FieldIdentifier(member.Overrides[int.Parse(number.Value, CultureInfo.InvariantCulture)], property)
            : new FieldIdentifier(member, property);
    }
}
