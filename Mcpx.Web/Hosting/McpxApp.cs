using Mcpx.Core;
using Mcpx.Core.Calls.Export;
using Mcpx.Core.Egress;
using Mcpx.Core.Health;
using Mcpx.Core.Identity;
using Mcpx.Core.Servers;
using Mcpx.Data;
using Mcpx.Web.Api;
using Mcpx.Web.Authentication;
using Mcpx.Web.Dashboard;
using Mcpx.Web.Dashboard.Audit;
using Mcpx.Web.Dashboard.Calls;
using Mcpx.Web.Dashboard.SignIn;
using Mcpx.Web.Hosting.Telemetry;
using Mcpx.Web.OAuth;
using Mcpx.Web.Proxy;

namespace Mcpx.Web.Hosting;

/// <summary>Puts the application together: the only place that knows all doors.</summary>
internal static class McpxApp
{
    private const int LongestHeaders = 32 << 10;

    public static WebApplicationBuilder CreateBuilder(string[] args) => WebApplication.CreateBuilder(new WebApplicationOptions
    {
        Args = args,
        ApplicationName = typeof(McpxApp).Assembly.GetName().Name,
        ContentRootPath = AppContext.BaseDirectory,
    });

    /// <param name="customize">For tests: replaces services after everything was registered.</param>
    public static WebApplication Build(WebApplicationBuilder builder, McpxOptions options, Action<WebApplicationBuilder>? customize)
    {
        // A build (not a publish) keeps its static assets where they were written; the manifest says where.
        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestHeadersTotalSize = LongestHeaders;
        });
        AddServices(builder.Services, options);
        customize?.Invoke(builder);
        WebApplication app = builder.Build();
        Map(app);
        return app;
    }

    private static void AddServices(IServiceCollection services, McpxOptions options)
    {
        services.AddSingleton(options).AddSingleton<PublicAddress>().AddSingleton(new ResourceAddresses(options.PublicUrl));
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(KeyRingFile.Load(options.EncryptionKey, options.DataDirectory));
        services.AddSingleton(AddressGuard.FromConfiguration(options.EgressAllow)).AddSingleton(TrustedProxies.Parse(options.TrustedProxies));
        services.AddSingleton(new GlobalLimit(options.MaxCalls)).AddSingleton(options.Journal).AddSingleton(new ExportSettings(options.ExportDirectory));
        services.AddSingleton(s => new ConnectionTestLimit(options.MaxTests, s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new InvitationLinks(s.GetRequiredService<PublicAddress>().To(InvitationLinks.AcceptPath)));
        if (options.Mail is { } mail) services.AddSingleton(mail);
        services.AddMcpxCore();
        services.AddMcpxData(_ => options.Database.Connections);
        services.AddMcpxDataProtection();
        services.AddMcpxAuthentication(options);
        services.AddSingleton<ActorResolver>().AddSingleton<McpRequestHandler>();
        services.AddMcpxOAuth();
        services.AddMcpxApi();
        services.AddMcpxDashboard().AddMcpxPages();
        services.AddMcpxTelemetry(options.Telemetry);
        services.AddSingleton<FirstOwner>().AddSingleton<DemoContent>().AddSingleton<Welcome>().AddSingleton<Readiness>();
        services.AddHostedService<Startup>();
    }

    private static void Map(WebApplication app)
    {
        if (!app.Services.GetRequiredService<TrustedProxies>().AreNone) app.UseMiddleware<TrustedProxyMiddleware>();
        app.UseMiddleware<HostGuard>();
        app.UseRouting();
        // What follows is not on an agent's path: the MCP endpoints end in routing.
        app.UseExceptionHandler(DashboardUrls.Error, createScopeForErrors: true);
        app.UseMcpxApi();
        app.UseMiddleware<SecurityHeaders>();
        app.UseAuthentication();
        app.UseAuthorization();

        app.MapProbes();
        app.MapMetrics();
        app.MapMcp();
        app.MapOAuth();
        app.MapMcpxApi();
        app.MapSignIn();
        app.MapCallExport();
        app.MapChainExport();
        app.MapMcpxDashboard();
    }
}
