using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Governance.PolicyEngines;

/// <summary>An organisation's own decision point, asked about each call that the gateway's rules allow.</summary>
/// <param name="Url">Where to POST the question, e.g. <c>https://opa.example.com/v1/data/mcpx/allow</c>.</param>
/// <param name="TimeoutMilliseconds">How long a call waits for the answer, 50–5,000.</param>
/// <param name="CacheSeconds">How long an answer is good for the same question, 0–300; 0 asks each time.</param>
/// <param name="FailOpen">True lets calls pass while the engine does not answer; false refuses them.</param>
/// <param name="IncludeArguments">True sends the call's arguments, too.</param>
/// <param name="CacheArguments">True keeps answers to questions with arguments as well.</param>
/// <param name="Token">The bearer token as a ciphertext; null for none.</param>
/// <param name="TokenHint">What people may see of it.</param>
public sealed record PolicyEngine(
    OrganizationId Organization,
    Uri Url,
    bool Enabled,
    int TimeoutMilliseconds,
    int CacheSeconds,
    bool FailOpen,
    bool IncludeArguments,
    bool CacheArguments,
    byte[]? Token,
    string? TokenHint,
    DateTimeOffset UpdatedAt)
{
    public const int DefaultTimeoutMilliseconds = 500;
    public const int ShortestTimeoutMilliseconds = 50;
    public const int LongestTimeoutMilliseconds = 5000;
    public const int DefaultCacheSeconds = 5;
    public const int LongestCacheSeconds = 300;

    /// <param name="organization">Its name.</param>
    /// <param name="entered">True when the token was entered just now: it may be another one with the same hint.</param>
    public AuditView ToAudit(string organization, bool entered = false) => new AuditView(organization).With("url", Url.AbsoluteUri).With("enabled", Enabled)
        .With("timeoutMilliseconds", TimeoutMilliseconds).With("cacheSeconds", CacheSeconds).With("failOpen", FailOpen)
        .With("includeArguments", IncludeArguments).With("cacheArguments", CacheArguments)
        .With("token", entered && TokenHint is not null ? $"{TokenHint} (entered anew)" : TokenHint);

    /// <summary>How many seconds the answer to a question is kept.</summary>
    public TimeSpan KeepFor => IncludeArguments && !CacheArguments ? TimeSpan.Zero : TimeSpan.FromSeconds(CacheSeconds);
}

/// <summary>The whole setting as forms and REST bring it; null takes the default.</summary>
/// <param name="Token">Null keeps the one that is stored; empty removes it.</param>
public sealed record PolicyEngineInput(
    string? Url,
    bool? Enabled = null,
    int? TimeoutMilliseconds = null,
    int? CacheSeconds = null,
    bool? FailOpen = null,
    bool? IncludeArguments = null,
    bool? CacheArguments = null,
    Secret? Token = null);

public interface IPolicyEngineStore
{
    Task<PolicyEngine?> FindAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>Writes it whole; false when the organisation is gone.</summary>
    Task<bool> SaveAsync(PolicyEngine engine, AdminChange change, CancellationToken cancellationToken);

    /// <summary>False when there was none.</summary>
    Task<bool> DeleteAsync(OrganizationId organization, AdminChange change, CancellationToken cancellationToken);
}
