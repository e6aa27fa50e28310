using System.Security.Claims;

namespace Mcpx.Web.Dashboard.Layout;

/// <summary>Who looks at the dashboard, as far as the frame around the pages shows it. Rights are asked elsewhere.</summary>
public sealed record DashboardViewer(string Organization, string OrganizationName, string Name, string Email)
{
    public const string OrganizationClaim = "mcpx:org";
    public const string OrganizationNameClaim = "mcpx:org_name";

    public static DashboardViewer? From(ClaimsPrincipal user)
    {
        if (user.Identity?.IsAuthenticated != true || user.FindFirstValue(OrganizationClaim) is not { } organization) return null;
        var email = user.FindFirstValue(ClaimTypes.Email) ?? "";
        return new DashboardViewer(
            organization,
            user.FindFirstValue(OrganizationNameClaim) ?? organization,
            user.FindFirstValue(ClaimTypes.Name) ?? email,
            email);
    }
}
