using System.Net.Sockets;
using Mcpx.Bench.Accounting;
using Mcpx.Bench.Processes;

namespace Mcpx.Bench.Load;

/// <summary>One connection, one session where the era has them, one call at a time; every answer verified.</summary>
internal sealed class CallWorker : IDisposable
{
    private const int ProblemsKept = 3;

    private readonly HttpConnection _connection;
    private readonly CallTemplate _template;
    private readonly LoadTarget _target;
    private readonly List<string> _problems = [];

    private CallWorker(HttpConnection connection, LoadTarget target, string? session) =>
        (_connection, _target, _template) = (connection, target, new CallTemplate(target, session));

    public LatencyHistogram Latency { get; } = new();

    public IReadOnlyList<string> Problems => _problems;

    public long Failed { get; private set; }

    public static async Task<CallWorker> OpenAsync(LoadTarget target, CancellationToken cancellationToken)
    {
        var (connection, session) = await ClientOpening.OpenAsync(target, cancellationToken);
        return new CallWorker(connection, target, session);
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
        var verdict = AnswerCheck.Verify(answer, call, _target);
        if (verdict != AnswerVerdict.Ok) Failure(verdict, answer);
    }

    public void Dispose() => _connection.Dispose();

    private void Failure(AnswerVerdict verdict, in HttpAnswer answer)
    {
        Failed++;
        if (_problems.Count < ProblemsKept) _problems.Add($"{verdict}, HTTP {answer.Status}: {answer.Excerpt}");
    }
}
