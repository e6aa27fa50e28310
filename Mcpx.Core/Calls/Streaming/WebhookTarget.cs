using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Mcpx.Core.Egress;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls.Streaming;

/// <summary>
/// Posts batches as JSON Lines. Signed as Standard Webhooks 1.0 ("Signature scheme") says, over id, time and body: a receiver
/// that checks them takes nothing from anybody else, and nothing twice.
/// </summary>
internal sealed class WebhookTarget(LogStream stream, LogTarget.Webhook target, Secret secret, EgressHandlerFactory egress, TimeProvider time) : ILogTarget
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(10);
    private static readonly MediaTypeHeaderValue JsonLines = new("application/x-ndjson");

    private readonly HttpClient _http = CreateClient(egress, stream.Organization);

    public async Task SendAsync(LogBatch batch, CancellationToken cancellationToken)
    {
        byte[] body = Join(batch.Messages);
        using HttpRequestMessage request = new(HttpMethod.Post, target.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = JsonLines;
        // The same batch has the same id when it is sent again.
        string id = $"{stream.Id}.{batch.Id}";
        string timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        request.Headers.TryAddWithoutValidation("webhook-id", id);
        request.Headers.TryAddWithoutValidation("webhook-timestamp", timestamp);
        if (target.Authentication is WebhookAuthentication.Signature) request.Headers.TryAddWithoutValidation("webhook-signature", "v1," + Sign(id, timestamp, body));
        else request.Headers.TryAddWithoutValidation("Authorization", secret.Reveal());
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.IsSuccessStatusCode) return;
            // Nothing of its text: what a receiver says is not for pages and logs.
            throw new LogTargetException((int)response.StatusCode is >= 300 and < 400
                ? $"The webhook redirects ({(int)response.StatusCode}); enter the address that it redirects to."
                : $"The webhook answered {(int)response.StatusCode}.", after: RestOf(response));
        }
        catch (HttpRequestException e)
        {
            throw new LogTargetException(e.InnerException is EgressDeniedException denied ? denied.Message : "The webhook can't be reached.", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new LogTargetException($"The webhook did not answer within {Patience.TotalSeconds:0} seconds.", e);
        }
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    private static HttpClient CreateClient(EgressHandlerFactory egress, OrganizationId organization)
    {
        HttpClient client = egress.CreateClientFor(organization);
        client.Timeout = Patience;
        return client;
    }

    private string Sign(string id, string timestamp, byte[] body)
    {
        byte[] key = Convert.FromBase64String(secret.Reveal()[LogStreamAdmin.KeyPrefix.Length..]);
        using IncrementalHash hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hash.AppendData(Encoding.ASCII.GetBytes($"{id}.{timestamp}."));
        hash.AppendData(body);
        return Convert.ToBase64String(hash.GetHashAndReset());
    }

    private TimeSpan? RestOf(HttpResponseMessage response)
    {
        if (response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable) || response.Headers.RetryAfter is not { } after) return null;
        TimeSpan rest = after.Delta ?? after.Date - time.GetUtcNow() ?? TimeSpan.Zero;
        return rest < TimeSpan.Zero ? null : rest < LongestRest ? rest : LongestRest;
    }

    private static byte[] Join(IReadOnlyList<LogMessage> messages)
    {
        byte[] body = new byte[messages.Sum(m => m.Line.Length + 1)];
        int at = 0;
        foreach (ReadOnlyMemory<byte> line in messages.Select(m => m.Line))
        {
            line.CopyTo(body.AsMemory(at));
            at += line.Length;
            body[at++] = (byte)'\n';
        }

        return body;
    }
}
