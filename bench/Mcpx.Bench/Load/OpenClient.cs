using Mcpx.Bench.Processes;

namespace Mcpx.Bench.Load;

/// <summary>A client with a session that has made one call and since then listens.</summary>
internal sealed class OpenClient : IDisposable
{
    private readonly HttpConnection _connection;

    private OpenClient(HttpConnection connection) => _connection = connection;

    public bool IsOpen => _connection.IsOpen;

    public static async Task<OpenClient> OpenAsync(LoadTarget target, CallNumber call, CancellationToken cancellationToken)
    {
        var (connection, session) = await ClientOpening.OpenAsync(target, cancellationToken);
        try
        {
            var answer = await connection.SendAsync(new CallTemplate(target, session).Stamp(call.Id, call.Nonce), cancellationToken);
            var verdict = AnswerCheck.Verify(answer, call, target);
            if (verdict != AnswerVerdict.Ok) throw new BenchException($"The first call of a client: {verdict}, HTTP {answer.Status}: {answer.Excerpt}");
            var stream = await connection.OpenStreamAsync(CallTemplate.Listen(target, session), cancellationToken);
            return stream is { Status: 200, Sse: true } ? new OpenClient(connection) : throw new BenchException($"GET was answered with {stream.Status}: {stream.Excerpt}");
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public void Dispose() => _connection.Dispose();
}
