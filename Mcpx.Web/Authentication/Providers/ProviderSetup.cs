using Mcpx.Core.Egress;
using Mcpx.Core.Identity;
using Mcpx.Web.Hosting;
using Microsoft.AspNetCore.Authentication;

namespace Mcpx.Web.Authentication.Providers;

/// <summary>One scheme for each provider that is on.</summary>
internal static class ProviderSetup
{
    /// <summary>Documents of providers are kilobytes; what is longer is an attack or a mistake.</summary>
    private const int LongestAnswer = 1 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The framework wants one at start; handlers put the provider's own in its place.</summary>
    private const string UnknownEndpoint = "https://provider.invalid/";

    public static AuthenticationBuilder AddProviders(this AuthenticationBuilder authentication, McpxOptions options)
    {
        IServiceCollection services = authentication.Services;
        services.AddSingleton(new IdentityProviders([.. options.SignIn.Providers.Select(p => p.ToProvider())])).AddSingleton(options.SignIn.Policy);
        services.AddSingleton<LinkTickets>().AddSingleton<ProviderSignIn>().AddSingleton<ProviderEvents>();
        foreach (ProviderSettings provider in options.SignIn.Providers)
        {
            services.AddOptions<ProviderOptions>(provider.Name).Configure<EgressHandlerFactory, PublicAddress>((o, egress, address) => Configure(o, provider, egress, address));
            if (provider.Kind is ProviderKind.GitHub) authentication.AddOAuth<ProviderOptions, GitHubHandler>(provider.Name, provider.Label, _ => { });
            else authentication.AddOAuth<ProviderOptions, OpenIdHandler>(provider.Name, provider.Label, _ => { });
        }

        return authentication;
    }

    private static void Configure(ProviderOptions options, ProviderSettings provider, EgressHandlerFactory egress, PublicAddress address)
    {
        options.Settings = provider;
        options.ClientId = provider.ClientId;
        options.ClientSecret = provider.ClientSecret.Reveal();
        options.CallbackPath = AuthenticationPaths.Callback(provider.Name);
        options.RedirectUri = address.To(options.CallbackPath);
        options.AuthorizationEndpoint = options.TokenEndpoint = UnknownEndpoint;
        options.SignInScheme = Schemes.Dashboard;
        options.EventsType = typeof(ProviderEvents);
        options.UsePkce = true;
        options.SaveTokens = false;
        options.RemoteAuthenticationTimeout = ProviderOptions.Patience;
        options.Backchannel = egress.CreateClient();
        options.Backchannel.Timeout = Patience;
        options.Backchannel.MaxResponseContentBufferSize = LongestAnswer;
        // GitHub refuses requests without one.
        options.Backchannel.DefaultRequestHeaders.UserAgent.ParseAdd("mcpx");

        options.CorrelationCookie.Name = "mcpx-sign-in.";
        // Lax, since the browser comes back from another site; the framework's None is dropped on http://localhost.
        options.CorrelationCookie.SameSite = SameSiteMode.Lax;
        options.CorrelationCookie.SecurePolicy = address.IsHttps ? CookieSecurePolicy.Always : CookieSecurePolicy.None;

        foreach (string scope in provider.Kind is ProviderKind.GitHub ? new[] { "read:user", "user:email" } : ["openid", "profile", "email"])
            options.Scope.Add(scope);
        // People who have several accounts there choose, also the second time.
        if (provider.Kind is ProviderKind.Google or ProviderKind.Microsoft) options.AdditionalAuthorizationParameters["prompt"] = "select_account";
    }
}
