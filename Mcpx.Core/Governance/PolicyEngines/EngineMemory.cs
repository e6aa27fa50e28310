using System.Collections.Concurrent;

namespace Mcpx.Core.Governance.PolicyEngines;

/// <summary>
/// What one replica remembers of one engine: its answers of the last seconds, and whether it is worth asking. A dead engine
/// must not cost every call the whole time limit: after three failures in a row it is left alone for five seconds, and then
/// one call at a time finds out.
/// </summary>
public sealed class EngineMemory(PolicyEngine engine, TimeProvider time)
{
    public const int FailuresInARow = 3;
    public const int MostAnswers = 10_000;

    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, (PolicyAnswer Answer, long At)> _answers = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private int _failures;
    private long _openedAt;
    private bool _probing;

    public PolicyEngine Engine => engine;

    public PolicyAnswer? Recall(string question) =>
        _answers.TryGetValue(question, out (PolicyAnswer Answer, long At) known) && time.GetElapsedTime(known.At) < engine.KeepFor ? known.Answer : null;

    public void Remember(string question, PolicyAnswer answer)
    {
        if (engine.KeepFor <= TimeSpan.Zero) return;
        // Full of what is hardly ever asked again: to begin anew costs less than to keep an order.
        if (_answers.Count >= MostAnswers) _answers.Clear();
        _answers[question] = (answer, time.GetTimestamp());
    }

    /// <summary>False while the engine is left alone.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (_failures < FailuresInARow) return true;
            if (_probing || time.GetElapsedTime(_openedAt) < Pause) return false;
            return _probing = true;
        }
    }

    /// <param name="answered">Null for a call that its client gave up: that says nothing of the engine.</param>
    public void Leave(bool? answered)
    {
        lock (_gate)
        {
            _probing = false;
            if (answered is true) _failures = 0;
            if (answered is not false) return;
            _failures++;
            _openedAt = time.GetTimestamp();
        }
    }
}
