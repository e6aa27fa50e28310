using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using Xunit;

namespace Mcpx.Tests.Fixtures;

/// <summary>The gateway as a process of its own, beside a <see cref="GatewayFixture"/> on the same database.</summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    private readonly ConcurrentQueue<string> _output = new();
    private readonly Process _process;
    private readonly string _host;

    private GatewayProcess(Uri url, Uri publicUrl, Process process)
    {
        (Url, _host) = (url, publicUrl.Authority);
        _process = process;
        process.OutputDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Url { get; }

    /// <summary>A replica of this gateway, as behind one proxy: both answer under one name, and take tokens for it.</summary>
    /// <param name="journal">A folder of its own, so that what it leaves there goes to nobody else's database.</param>
    public static Task<GatewayProcess> StartAsync(GatewayFixture beside, ScratchFolder journal, params string[] more) => StartAsync(beside, journal, null, more);

    /// <inheritdoc cref="StartAsync(GatewayFixture, ScratchFolder, string[])"/>
    public static async Task<GatewayProcess> StartAsync(GatewayFixture beside, ScratchFolder journal, IReadOnlyDictionary<string, string>? environment, params string[] more)
    {
        var url = new Uri($"http://127.0.0.1:{Ports.Free()}");
        var started = new GatewayProcess(url, beside.Url, ProgramRun.Start(Path.Combine(Repository.OutputOf("Mcpx.Web"), "Mcpx.Web"),
        [
            $"--ConnectionStrings:Mcpx={beside.ConnectionString}", $"--urls={url}", $"--PUBLIC_URL={beside.Url}", $"--ENCRYPTION_KEY={GatewayFixture.EncryptionKey}",
            // Production with a database of its own asks for a way to sign in.
            $"--MCPX_JOURNAL={journal.Path}", "--GITHUB_CLIENT_ID=tests", "--GITHUB_CLIENT_SECRET=tests", .. more,
        ], environment));
        await Eventually.TrueAsync(started.IsReadyAsync, $"the other process is ready.\n{string.Join('\n', started._output)}", null, TestContext.Current.CancellationToken);
        return started;
    }

    /// <param name="token">Null sends no Authorization header.</param>
    public async Task<HttpStatusCode> SendAsync(HttpMethod method, string path, string? token, string? body = null, params (string Name, string Value)[] headers) =>
        (await AskAsync(method, path, token, body, headers)).Status;

    /// <inheritdoc cref="SendAsync"/>
    public async Task<(HttpStatusCode Status, string Body)> AskAsync(HttpMethod method, string path, string? token, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(Url, path));
        request.Headers.Host = _host;
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (token is not null) request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>Without a word; it may be asked for more than once.</summary>
    public void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private async Task<bool> IsReadyAsync()
    {
        if (_process.HasExited) throw new InvalidOperationException($"The other process ended.\n{string.Join('\n', _output)}");
        try
        {
            return await SendAsync(HttpMethod.Get, "/readyz", null) == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
