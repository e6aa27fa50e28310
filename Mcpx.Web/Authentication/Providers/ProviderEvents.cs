using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OAuth;

namespace Mcpx.Web.Authentication.Providers;

/// <summary>What happens when a browser comes back from a provider. Whatever went wrong ends as a sentence on one of our pages.</summary>
internal sealed partial class ProviderEvents(
    Accounts accounts, AccountAdmin admin, DashboardSignIn signIn, RefusedSignIns refused, ILogger<ProviderEvents> logger) : OAuthEvents
{
    public override async Task TicketReceived(TicketReceivedContext context)
    {
        HttpContext http = context.HttpContext;
        string provider = context.Scheme.Name;
        ExternalIdentity identity = http.Features.Get<ExternalIdentity>() ?? throw new InvalidOperationException("The handler read no identity.");
        http.Response.Headers.CacheControl = "no-store";
        string target = ProviderFlow.LinkOf(context.Properties) is { } user
            ? await LinkAsync(http, identity, user)
            : await SignInAsync(http, identity, context.ReturnUri);
        LogBack(logger, provider, target.Split('?')[0]);
        http.Response.Redirect(target);
        context.HandleResponse();
    }

    public override Task AccessDenied(AccessDeniedContext context) => LeaveAsync(context, ProviderProblem.Denied, context.Properties, "access was denied");

    public override Task RemoteFailure(RemoteFailureContext context)
    {
        AuthenticationProperties? flow = context.Properties ?? context.HttpContext.Features.Get<AuthenticationProperties>();
        ProviderException? known = context.Failure as ProviderException;
        return LeaveAsync(context, known?.Problem ?? ProblemOf(context), flow, LogText.Clean(context.Failure?.Message));
    }

    /// <summary>
    /// The framework's own refusals carry no type: an error that the provider sent is the provider's, and so is all that
    /// went wrong once the code was on its way; what is left is about state and correlation.
    /// </summary>
    private static ProviderProblem ProblemOf(RemoteFailureContext context) =>
        context.Request.Query.ContainsKey("error") || context.HttpContext.Features.Get<AuthenticationProperties>() is not null ? ProviderProblem.BadAnswer : ProviderProblem.Expired;

    private async Task<string> SignInAsync(HttpContext http, ExternalIdentity identity, string? returnUrl)
    {
        // Not with the request's token: who is gone by now must not leave half an account behind.
        SignInOutcome outcome = await accounts.SignInAsync(identity, OriginOf(http, identity.Provider), CancellationToken.None);
        if (outcome is SignInOutcome.Refused refused) return AuthenticationPaths.SignInProblem(AuthenticationPaths.WordOf(refused.Reason), identity.Provider);
        await signIn.SignInAsync(http, ((SignInOutcome.SignedIn)outcome).User, identity.Provider);
        return ReturnUrl.Local(returnUrl) ?? "/";
    }

    private async Task<string> LinkAsync(HttpContext http, ExternalIdentity identity, string user)
    {
        // The session may have ended or become another person's while the browser was away.
        AuthenticateResult session = await http.AuthenticateAsync(Schemes.Dashboard);
        if (ActorResolver.SignedInOf(session.Principal) is not { } me || me.User.ToString() != user)
            return AuthenticationPaths.SignInProblem(AuthenticationPaths.WordOf(ProviderProblem.Expired), identity.Provider);
        try
        {
            await admin.LinkAsync(me, identity, CancellationToken.None);
            return AuthenticationPaths.Linked(identity.Provider);
        }
        catch (RefusalException e)
        {
            return AuthenticationPaths.ProfileProblem(e is RefusalException.Conflict ? AuthenticationPaths.TakenProblem : AuthenticationPaths.WordOf(ProviderProblem.BadAnswer), identity.Provider);
        }
    }

    private async Task LeaveAsync<TOptions>(HandleRequestContext<TOptions> context, ProviderProblem problem, AuthenticationProperties? flow, string reason)
        where TOptions : AuthenticationSchemeOptions
    {
        string provider = context.Scheme.Name;
        LogFailed(logger, provider, problem, reason);
        await refused.NoteAsync(provider, problem.ToString(), OriginOf(context.HttpContext, provider));
        string word = AuthenticationPaths.WordOf(problem);
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Redirect(ProviderFlow.LinkOf(flow) is null ? AuthenticationPaths.SignInProblem(word, provider) : AuthenticationPaths.ProfileProblem(word, provider));
        context.HandleResponse();
    }

    private static RequestOrigin OriginOf(HttpContext http, string provider) => RequestOrigins.Of(http, new UsedCredential(UsedCredentialKind.Provider, Name: provider));

    [LoggerMessage(6035, LogLevel.Warning, "A sign-in with {Provider} failed ({Problem}): {Reason}")]
    private static partial void LogFailed(ILogger logger, string provider, ProviderProblem problem, string reason);

    [LoggerMessage(6037, LogLevel.Debug, "Back from {Provider}, on to {Target}.")]
    private static partial void LogBack(ILogger logger, string provider, string target);
}
