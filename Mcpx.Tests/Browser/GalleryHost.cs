using Mcpx.Web.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Mcpx.Tests.Browser;

/// <summary>Only the dashboard's door, on Kestrel, without a database: enough for the gallery.</summary>
internal sealed class GalleryHost(WebApplication app) : IAsyncDisposable
{
    // base-uri cannot be 'none': Blazor addresses everything, its circuit included, from <base href="/">.
    private const string ContentSecurityPolicy = "default-src 'self'; frame-ancestors 'none'; base-uri 'self'";

    public Uri Address { get; } = new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    public static async Task<GalleryHost> StartAsync(string environment, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(DashboardSetup).Assembly.GetName().Name,
            EnvironmentName = environment,
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        // Assets come from the project's wwwroot in every environment here: nothing was published.
        builder.WebHost.UseStaticWebAssets();
        builder.Logging.ClearProviders();
        builder.Services.AddMcpxDashboard();
        var app = builder.Build();
        app.Use((context, next) =>
        {
            context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
            return next(context);
        });
        app.MapMcpxDashboard();
        await app.StartAsync(cancellationToken);
        return new GalleryHost(app);
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();
}
