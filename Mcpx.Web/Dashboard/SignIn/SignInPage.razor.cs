using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.SignIn;

/// <summary>Says how to get in. The way in itself is the link, see <see cref="SignInEndpoints"/>.</summary>
public sealed partial class SignInPage : ComponentBase
{
    internal const string LinkProblem = "link";
    internal const string MembershipProblem = "membership";

    [SupplyParameterFromQuery(Name = "problem")]
    private string? Problem { get; set; }
}
