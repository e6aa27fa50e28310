using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Mcpx.Tests.Calls.Streaming;

/// <summary>A request as a webhook sees it.</summary>
internal sealed record Delivery(IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public JsonNode[] Lines => [.. Encoding.UTF8.GetString(Body).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!)];

    /// <summary>As a receiver works it out for itself (Standard Webhooks 1.0, "Verifying webhook authenticity").</summary>
    public bool IsSignedWith(string key) => Headers["webhook-signature"] == "v1," + Convert.ToBase64String(HMACSHA256.HashData(
        Convert.FromBase64String(key["whsec_".Length..]), Signed));

    private byte[] Signed => [.. Encoding.UTF8.GetBytes($"{Headers["webhook-id"]}.{Headers["webhook-timestamp"]}."), .. Body];
}

/// <summary>Keeps what it takes, and answers as it is told.</summary>
internal sealed class FakeWebhook : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeWebhook(WebApplication app) => _app = app;

    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/in";

    /// <summary>What was answered with a success.</summary>
    public ConcurrentQueue<Delivery> Taken { get; } = new();

    public ConcurrentQueue<Delivery> Refused { get; } = new();

    /// <summary>Asked before each answer; by default everything is taken.</summary>
    public Func<HttpContext, int> Status { get; set; } = _ => StatusCodes.Status204NoContent;

    public IEnumerable<string> Ids => Taken.SelectMany(d => d.Lines).Select(l => (string)l["id"]!);

    public static async Task<FakeWebhook> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        FakeWebhook webhook = new(app);
        app.Run(webhook.AnswerAsync);
        await app.StartAsync();
        return webhook;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        using MemoryStream body = new();
        await http.Request.Body.CopyToAsync(body);
        Delivery delivery = new(http.Request.Headers.ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToString()), body.ToArray());
        http.Response.StatusCode = Status(http);
        (http.Response.StatusCode is >= 200 and < 300 ? Taken : Refused).Enqueue(delivery);
    }
}
