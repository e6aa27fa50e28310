using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Groups;

/// <summary>Which groups of the identity provider give which role.</summary>
public sealed partial class GroupRolesCard(GroupRoleAdmin groups) : OrganizationPart
{
    private static readonly IReadOnlyList<SelectOption<Role>> Roles = [new(Role.Member, "Member"), new(Role.Admin, "Admin"), new(Role.Owner, "Owner")];

    private IReadOnlyList<GroupRole> _saved = [];
    private List<Row> _rows = [];
    private string? _error;
    private bool _saving;

    [Inject]
    private IdentityProviders Providers { get; set; } = null!;

    private IdentityProvider? Provider => Providers.WithGroups;

    private IEnumerable<GroupRole> Draft => _rows.Where(row => !string.IsNullOrWhiteSpace(row.Group)).Select(row => new GroupRole(row.Group!.Trim(), row.Role));

    private bool IsChanged => !Draft.SequenceEqual(_saved);

    protected override async Task OnInitializedAsync()
    {
        _error = await ReadAsync(async actor => _saved = await groups.ListAsync(actor, Left));
        Revert();
    }

    private void Revert() => _rows = [.. _saved.Select(role => new Row { Group = role.Group, Role = role.Role })];

    private async Task SaveAsync()
    {
        if (_saving) return;
        _saving = true;
        _error = null;
        _rows.RemoveAll(row => string.IsNullOrWhiteSpace(row.Group));
        foreach (Row row in _rows) row.Problem = null;
        bool done = await TryAsync(async actor =>
        {
            try
            {
                _saved = await groups.ReplaceAsync(actor, new NewGroupRoles([.. Draft]), Left);
            }
            catch (RefusalException.Invalid e)
            {
                Show(e.Errors);
            }
        });
        _saving = false;
        if (!done || _error is not null || _rows.Any(row => row.Problem is not null)) return;
        Revert();
        Toasts.Show(Tone.Good, "Groups saved: they hold from the next sign-in on");
    }

    private void Show(IReadOnlyList<FieldError> errors)
    {
        foreach (FieldError error in errors)
        {
            int row = _rows.FindIndex(r => error.Field.StartsWith($"items[{_rows.IndexOf(r)}].", StringComparison.Ordinal));
            if (row >= 0) _rows[row].Problem ??= error.Message;
            else _error = error.Message;
        }
    }

    private sealed class Row
    {
        public string? Group { get; set; }

        public Role Role { get; set; }

        public string? Problem { get; set; }
    }
}
