using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Web.Dashboard.Layout;

/// <summary>
/// Who looks at the dashboard, for showing: which name, which buttons. It may be seconds old; what somebody may do is
/// asked again when they do it, see <see cref="DashboardSession"/>.
/// </summary>
public sealed record DashboardViewer(
    string Organization,
    string OrganizationName,
    string Name,
    string Email,
    OrganizationId OrganizationId = default,
    UserId User = default,
    Role Role = Role.Member)
{
    public bool May(Permission permission) => Role.Allows(permission);
}
