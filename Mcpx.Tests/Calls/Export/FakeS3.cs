using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Mcpx.Tests.Calls.Export;

/// <summary>A store that takes what is signed as AWS Signature Version 4 says, worked out by itself from the request.</summary>
internal sealed class FakeS3 : IAsyncDisposable
{
    public const string KeyId = "AKIDEXAMPLE";
    public const string Secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    private readonly WebApplication _app;

    private FakeS3(WebApplication app) => _app = app;

    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    /// <summary>By path, as the last PUT left them.</summary>
    public ConcurrentDictionary<string, byte[]> Objects { get; } = new();

    /// <summary>Null takes what comes; else the code of the error that every request gets.</summary>
    public string? Failing { get; set; }

    public static async Task<FakeS3> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        FakeS3 s3 = new(app);
        app.Run(s3.AnswerAsync);
        await app.StartAsync();
        return s3;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        using MemoryStream body = new();
        await http.Request.Body.CopyToAsync(body);
        string hash = Convert.ToHexStringLower(SHA256.HashData(body.ToArray()));
        bool signed = http.Request.Headers["x-amz-content-sha256"] == hash && http.Request.Headers.Authorization == Sign(http.Request, hash);
        if ((Failing ?? (signed ? null : "SignatureDoesNotMatch")) is not { } error)
        {
            Objects[http.Request.Path.Value!] = body.ToArray();
            return;
        }

        http.Response.StatusCode = StatusCodes.Status403Forbidden;
        await http.Response.WriteAsync($"<?xml version=\"1.0\"?><Error><Code>{error}</Code><Message>No.</Message></Error>");
    }

    private static string Sign(HttpRequest request, string hash)
    {
        string instant = request.Headers["x-amz-date"].ToString(), scope = $"{instant[..8]}/us-east-1/s3/aws4_request";
        string canonical = $"{request.Method}\n{request.Path}\n\nhost:{request.Host}\nx-amz-content-sha256:{hash}\nx-amz-date:{instant}\n\nhost;x-amz-content-sha256;x-amz-date\n{hash}";
        string text = $"AWS4-HMAC-SHA256\n{instant}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        byte[] key = scope.Split('/').Aggregate(Encoding.UTF8.GetBytes("AWS4" + Secret), (k, part) => HMACSHA256.HashData(k, Encoding.UTF8.GetBytes(part)));
        return $"AWS4-HMAC-SHA256 Credential={KeyId}/{scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)))}";
    }
}
