using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Mcpx.Bench.Processes;

/// <summary>A bare Kestrel for one role: no logging, no routing, no middleware, a port of the system's choice.</summary>
internal static class RoleHost
{
    public const string ReadyPrefix = "BENCH_READY ";

    public static async Task<int> RunAsync(RequestDelegate handler, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        await using var app = builder.Build();
        app.Run(handler);
        await app.StartAsync(cancellationToken);
        await Console.Out.WriteLineAsync(ReadyPrefix + app.Urls.Single());
        await Console.Out.FlushAsync(cancellationToken);
        await ParentGoneOrStoppedAsync(cancellationToken);
        await app.StopAsync(CancellationToken.None);
        return 0;
    }

    // The runner holds our standard input open; when it dies, however it dies, the pipe closes and nothing is left running.
    private static async Task ParentGoneOrStoppedAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await Console.In.ReadLineAsync(cancellationToken) is not null)
            {
                // Nothing is ever said on this pipe: only its end has a meaning.
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped by a signal: the same as the end of the pipe.
        }
    }
}
