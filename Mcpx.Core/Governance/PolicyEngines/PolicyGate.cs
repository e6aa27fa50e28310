using System.Collections.Concurrent;
using System.Security.Cryptography;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Governance.PolicyEngines;

/// <summary>Asks engines about calls: from memory where the same was asked a moment ago, and not at all while they are dead.</summary>
public sealed partial class PolicyGate(PolicyEngineClient client, TimeProvider time, ILogger<PolicyGate> logger)
{
    /// <summary>The rule of a refusal.</summary>
    public const string Rule = "policy-engine";

    /// <summary>The rule of a refusal because the engine did not answer.</summary>
    public const string UnavailableRule = "policy-engine-unavailable";

    private static readonly Decision.Deny Refused = new(Rule, "The organisation's policy engine refuses the call.");
    private static readonly Decision.Deny Unavailable = new(UnavailableRule, "The organisation's policy engine does not answer, and calls are refused while it does not.");

    private readonly ConcurrentDictionary<OrganizationId, EngineMemory> _memories = new();

    /// <summary>Null when the call may go on.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired: the client is gone.</exception>
    public async ValueTask<Decision.Deny?> DecideAsync(PolicyEngine engine, PolicyQuestion question, CancellationToken cancellationToken)
    {
        byte[] body = question.ToBytes(engine.IncludeArguments);
        string key = engine.KeepFor > TimeSpan.Zero ? Convert.ToHexString(SHA256.HashData(body)) : "";
        EngineMemory memory = MemoryOf(engine);
        if (memory.Recall(key) is { } known) return Decide(known);
        if (!memory.TryEnter()) return engine.FailOpen ? null : Unavailable;
        bool? answered = null;
        try
        {
            PolicyAnswer answer = await client.AskAsync(engine, body, cancellationToken);
            answered = true;
            memory.Remember(key, answer);
            return Decide(answer);
        }
        catch (PolicyEngineException e)
        {
            answered = false;
            LogNoAnswer(logger, engine.Organization, e.Message);
            return engine.FailOpen ? null : Unavailable;
        }
        finally
        {
            memory.Leave(answered);
        }
    }

    private static Decision.Deny? Decide(PolicyAnswer answer) => answer switch
    {
        { Allow: true } => null,
        { Reason: { } reason } => new Decision.Deny(Rule, reason),
        _ => Refused,
    };

    /// <summary>Another setting is another engine: nothing that was answered before counts.</summary>
    private EngineMemory MemoryOf(PolicyEngine engine)
    {
        if (_memories.TryGetValue(engine.Organization, out EngineMemory? memory) && memory.Engine.UpdatedAt == engine.UpdatedAt) return memory;
        return _memories[engine.Organization] = new EngineMemory(engine, time);
    }

    [LoggerMessage(1494, LogLevel.Warning, "The policy engine of organization {Organization} gave no decision: {Reason}")]
    private static partial void LogNoAnswer(ILogger logger, OrganizationId organization, string reason);
}
