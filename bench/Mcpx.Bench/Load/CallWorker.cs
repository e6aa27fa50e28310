using System.Net.Sockets;
using System.Text;
using Mcpx.Bench.Accounting;
using Mcpx.Bench.Processes;
using Mcpx.Bench.Wire;

namespace Mcpx.Bench.Load;

/// <summary>One connection, one session where the era has them, one call at a time; every answer verified.</summary>
internal sealed class CallWorker : IDisposable
{
    private const int ProblemsKept = 3;

    private readonly HttpConnection _connection;
    private readonly CallTemplate _template;
    private readonly int _answerBytes;
    private readonly List<string> _problems = [];

    private CallWorker(HttpConnection connection, CallTemplate template, int answerBytes) =>
        (_connection, _template, _answerBytes) = (connection, template, answerBytes);

    public LatencyHistogram Latency { get; } = new();

    public IReadOnlyList<string> Problems => _problems;

    public long Failed { get; private set; }

    public static async Task<CallWorker> OpenAsync(LoadTarget target, CancellationToken cancellationToken)
    {
        HttpConnection connection;
        try
        {
            connection = await HttpConnection.OpenAsync(target.Endpoint, cancellationToken);
        }
        catch (SocketException problem)
        {
            throw new BenchException($"{target.Endpoint} does not answer: {problem.Message}");
        }
        var session = target.Era == WireEra.Session ? await OpenSessionAsync(connection, target, cancellationToken) : null;
        return new CallWorker(connection, new CallTemplate(target, session), target.AnswerBytes);
    }

    /// <summary>Makes one call; its latency counts from <paramref name="countedFrom"/> (monotonic nanoseconds).</summary>
    public async ValueTask CallAsync(CallNumber call, long countedFrom, CancellationToken cancellationToken)
    {
        HttpAnswer answer;
        try
        {
            answer = await _connection.SendAsync(_template.Stamp(call.Id, call.Nonce), cancellationToken);
        }
        catch (Exception problem) when (problem is SocketException or InvalidDataException)
        {
            throw new BenchException($"Call {call.Id} was not answered: {problem.Message}");
        }
        Latency.Record(Native.MonotonicNanoseconds() - countedFrom);
        var verdict = AnswerCheck.Verify(answer, call.Id, call.Nonce, _answerBytes);
        if (verdict != AnswerVerdict.Ok) Failure(verdict, answer);
    }

    public void Dispose() => _connection.Dispose();

    private static async Task<string?> OpenSessionAsync(HttpConnection connection, LoadTarget target, CancellationToken cancellationToken)
    {
        var opened = await connection.SendAsync(CallTemplate.Initialize(target), cancellationToken);
        if (opened.Status != 200) throw new BenchException($"initialize was answered with {opened.Status}: {Excerpt(opened)}");
        await connection.SendAsync(CallTemplate.Initialized(target, opened.Session), cancellationToken);
        return opened.Session;
    }

    private void Failure(AnswerVerdict verdict, in HttpAnswer answer)
    {
        Failed++;
        if (_problems.Count < ProblemsKept) _problems.Add($"{verdict}, HTTP {answer.Status}: {Excerpt(answer)}");
    }

    private static string Excerpt(in HttpAnswer answer) =>
        Encoding.UTF8.GetString(answer.Body.Span[..Math.Min(answer.Body.Length, 300)]);
}
