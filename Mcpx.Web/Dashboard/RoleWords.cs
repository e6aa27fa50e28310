using Mcpx.Core.Identity;
using Mcpx.Web.Dashboard.Controls;

namespace Mcpx.Web.Dashboard;

/// <summary>Roles in words, and as choices.</summary>
internal static class RoleWords
{
    public static IReadOnlyList<SelectOption<Role>> All { get; } = [new(Role.Member, "Member"), new(Role.Admin, "Admin"), new(Role.Owner, "Owner")];

    public static string WithArticle(Role role) => role is Role.Member ? "a Member" : role is Role.Admin ? "an Admin" : "an Owner";

    /// <summary>What somebody in that role may do, as a sentence.</summary>
    public static string Explain(Role role) => role switch
    {
        Role.Owner => "An Owner may do everything, also change roles and delete the organisation.",
        Role.Admin => "An Admin manages servers, gateways, rules and Members.",
        _ => "A Member sees everything, calls tools and makes tokens of their own.",
    };
}
