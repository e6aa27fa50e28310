using Mcpx.Core.Identity;
using Mcpx.Web.Authentication;
using Mcpx.Web.Hosting;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.SignIn;

/// <summary>
/// Says how to get in. The ways themselves are <see cref="SignInEndpoints"/>. What the address says is never shown as it
/// is: a link to here with somebody's own words would be a page of ours that speaks for them.
/// </summary>
public sealed partial class SignInPage : ComponentBase
{
    internal const string LinkProblem = "link";

    [SupplyParameterFromQuery(Name = "problem")]
    private string? Problem { get; set; }

    [SupplyParameterFromQuery(Name = "provider")]
    private string? Provider { get; set; }

    [SupplyParameterFromQuery(Name = "returnUrl")]
    private string? ReturnUrl { get; set; }

    [Inject]
    private IdentityProviders Providers { get; set; } = null!;

    [Inject]
    private McpxOptions Options { get; set; } = null!;

    private (string Title, string Text)? Message => Problem switch
    {
        LinkProblem => ("This link no longer works.", "A sign-in link is good for one use within an hour; this one was used or has run out."),
        SessionCookieEvents.EndedProblem => ("Your session has ended.", "Sign in again to go on. A session ends after 8 hours without use, after 7 days, or when it is signed out."),
        _ => ProviderProblems.Describe(Problem, Providers, Provider),
    };
}
