using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Mcpx.Core.Egress;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls.Export;

/// <summary>A store did not take a file; the message says why, in the store's words where it has some.</summary>
public sealed class S3Exception(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// Puts objects into an S3-compatible store: the one request that exports need, signed by AWS Signature Version 4 ("Signing
/// AWS API requests"). The body is hashed before it is sent, so nobody on the way can change it.
/// </summary>
public sealed class S3Client(EgressHandlerFactory egress, TimeProvider time)
{
    private const string Algorithm = "AWS4-HMAC-SHA256";
    private const string SignedHeaders = "host;x-amz-content-sha256;x-amz-date";
    private const int MostOfAnAnswer = 4096;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <param name="key">Of unreserved characters and slashes only, which are their own encoding.</param>
    /// <param name="content">Seekable, from its beginning; it is left open.</param>
    /// <exception cref="S3Exception">The store can't be reached, or refused.</exception>
    public async Task PutAsync(OrganizationId organization, S3Bucket bucket, Secret secret, string key, Stream content, string contentType, CancellationToken cancellationToken)
    {
        string path = $"/{bucket.Bucket}/{key}";
        content.Position = 0;
        string hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellationToken));
        content.Position = 0;
        using HttpRequestMessage request = new(HttpMethod.Put, new Uri(bucket.Endpoint, path)) { Content = new StreamContent(new Unclosed(content)) };
        request.Content.Headers.ContentLength = content.Length;
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        Sign(request, bucket, secret, path, hash);
        using HttpClient client = egress.CreateClientFor(organization);
        client.Timeout = Patience;
        try
        {
            using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.NoContent) return;
            throw new S3Exception($"The store answered {(int)response.StatusCode}{await CodeOfAsync(response, cancellationToken)}.");
        }
        catch (HttpRequestException e)
        {
            throw new S3Exception(e.InnerException is EgressDeniedException denied ? denied.Message : "The store can't be reached.", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new S3Exception("The store did not answer in time.", e);
        }
    }

    private void Sign(HttpRequestMessage request, S3Bucket bucket, Secret secret, string path, string hash)
    {
        DateTime now = time.GetUtcNow().UtcDateTime;
        string date = now.ToString("yyyyMMdd", CultureInfo.InvariantCulture), instant = now.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        string host = request.RequestUri!.IsDefaultPort ? request.RequestUri.IdnHost : $"{request.RequestUri.IdnHost}:{request.RequestUri.Port.ToString(CultureInfo.InvariantCulture)}";
        string canonical = $"PUT\n{path}\n\nhost:{host}\nx-amz-content-sha256:{hash}\nx-amz-date:{instant}\n\n{SignedHeaders}\n{hash}";
        string scope = $"{date}/{bucket.Region}/s3/aws4_request";
        string toSign = $"{Algorithm}\n{instant}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + secret.Reveal());
        foreach (string part in (string[])[date, bucket.Region, "s3", "aws4_request"]) key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        string signature = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)));
        request.Headers.Host = host;
        request.Headers.TryAddWithoutValidation("x-amz-content-sha256", hash);
        request.Headers.TryAddWithoutValidation("x-amz-date", instant);
        request.Headers.TryAddWithoutValidation("Authorization", $"{Algorithm} Credential={bucket.AccessKeyId}/{scope}, SignedHeaders={SignedHeaders}, Signature={signature}");
    }

    /// <summary>The code in the answer's XML, such as NoSuchBucket: letters only, so that no store writes into pages and logs.</summary>
    private static async Task<string> CodeOfAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken);
        byte[] buffer = new byte[MostOfAnAnswer];
        int read = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        string text = Encoding.UTF8.GetString(buffer, 0, read);
        int begin = text.IndexOf("<Code>", StringComparison.Ordinal) + "<Code>".Length, end = text.IndexOf("</Code>", StringComparison.Ordinal);
        string code = begin >= "<Code>".Length && end > begin ? text[begin..end] : "";
        return code.Length is > 0 and < 64 && code.All(char.IsAsciiLetter) ? $" ({code})" : "";
    }

    /// <summary>A request's content closes its stream with itself; the caller's goes on.</summary>
    private sealed class Unclosed(Stream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => inner.Length;

        public override long Position { get => inner.Position; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
