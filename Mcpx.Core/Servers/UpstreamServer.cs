using Mcpx.Core.Audit;
using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Servers;

/// <summary>An MCP server behind the gateway ("server" to people).</summary>
/// <param name="Slug">Its name in URLs, unique in the organisation.</param>
/// <param name="Url">Its endpoint, absolute http or https; of Streamable HTTP or of the older HTTP+SSE.</param>
/// <param name="TimeoutSeconds">The longest a whole call may take, 1–600.</param>
/// <param name="Enabled">False refuses every call: the switch for an emergency.</param>
public sealed record UpstreamServer(
    ServerId Id,
    OrganizationId Organization,
    string Slug,
    string Name,
    string Description,
    Uri Url,
    int TimeoutSeconds,
    bool Enabled,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    public const int DefaultTimeoutSeconds = 60;
    public const int LongestTimeoutSeconds = 600;

    public UpstreamLimits Limits { get; init; } = UpstreamLimits.Default;

    /// <summary>What the last probe found; null until one succeeded.</summary>
    public UpstreamProtocol? Protocol { get; init; }

    /// <summary>Words to find it by, see <see cref="ServerTags"/>.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Sent with every request to the server. Everybody who may see the server sees them.</summary>
    public IReadOnlyList<ServerHeader> Headers { get; init; } = [];

    /// <summary>
    /// Stands in front of the names of its tools and prompts in every virtual gateway whose member says nothing else, e.g.
    /// <c>hr_</c>; empty for none. See <see cref="Servers.ToolPrefix"/>.
    /// </summary>
    public string ToolPrefix { get; init; } = "";

    /// <summary>The member who answers for it; null when nobody does, or nobody does any more.</summary>
    public UserId? Owner { get; init; }

    /// <summary>True when it is told which trace a call belongs to (W3C Trace Context). Off unless somebody wants it: ids of traces tell which calls belong together.</summary>
    public bool PropagateTrace { get; init; }
}

/// <summary>A server and what may be told about its credential.</summary>
public sealed record ServerDetails(UpstreamServer Server, StoredCredential? Credential)
{
    /// <summary>The name of <see cref="UpstreamServer.Owner"/>.</summary>
    public string? OwnerName { get; init; }

    /// <summary>Null until somebody tested it as it is saved.</summary>
    public TestOutcome? LastTest { get; init; }

    /// <param name="entered">True when the credential was entered just now: it may be another one with the same hint.</param>
    public AuditView ToAudit(bool entered = false)
    {
        AuditView view = new AuditView(Server.Name).With("name", Server.Name).With("slug", Server.Slug).With("url", Server.Url.AbsoluteUri)
            .With("description", Server.Description).With("enabled", Server.Enabled).With("timeoutSeconds", Server.TimeoutSeconds)
            .With("limits.firstByteSeconds", Server.Limits.FirstByteSeconds).With("limits.answerMebibytes", Server.Limits.AnswerMebibytes)
            .With("limits.concurrentCalls", Server.Limits.ConcurrentCalls).With("tags", Server.Tags)
            .With("headers", Server.Headers.Select(h => $"{h.Name}: {h.Value}")).With("toolPrefix", Server.ToolPrefix).With("propagateTrace", Server.PropagateTrace).With("owner", OwnerName);
        return Credential is null ? view : Credential.AddTo(view, entered);
    }
}

/// <summary>How the last connection test of a saved server ended.</summary>
/// <param name="Failure">What the step that failed said; null when all went well.</param>
public sealed record TestOutcome(DateTimeOffset At, string? Failure);

/// <summary>Just enough of a server to name it where something else refers to it.</summary>
public sealed record ServerSummary(ServerId Id, string Slug, string Name, bool Enabled)
{
    /// <inheritdoc cref="UpstreamServer.ToolPrefix"/>
    public string ToolPrefix { get; init; } = "";
}

/// <summary>A new server as forms and REST bring it, before it is checked.</summary>
public sealed record NewServer(
    string? Name,
    string? Slug,
    string? Url,
    string? Description = null,
    int? TimeoutSeconds = null,
    CredentialInput? Credential = null,
    bool? Enabled = null,
    LimitsInput? Limits = null)
{
    public IReadOnlyList<string>? Tags { get; init; }

    public IReadOnlyList<ServerHeader>? Headers { get; init; }

    public OwnerInput? Owner { get; init; }

    /// <inheritdoc cref="UpstreamServer.ToolPrefix"/>
    public string? ToolPrefix { get; init; }

    /// <inheritdoc cref="UpstreamServer.PropagateTrace"/>
    public bool? PropagateTrace { get; init; }
}

/// <summary>Who shall answer for a server.</summary>
/// <param name="User">Null for nobody.</param>
public sealed record OwnerInput(UserId? User);

/// <summary>A change of a server; null leaves a member as it is.</summary>
public sealed record ServerChange(
    string? Name = null,
    string? Slug = null,
    string? Url = null,
    string? Description = null,
    int? TimeoutSeconds = null,
    bool? Enabled = null,
    CredentialInput? Credential = null,
    LimitsInput? Limits = null)
{
    public IReadOnlyList<string>? Tags { get; init; }

    public IReadOnlyList<ServerHeader>? Headers { get; init; }

    public OwnerInput? Owner { get; init; }

    /// <summary>Empty takes it away.</summary>
    public string? ToolPrefix { get; init; }

    /// <inheritdoc cref="UpstreamServer.PropagateTrace"/>
    public bool? PropagateTrace { get; init; }
}

public interface IServerStore
{
    /// <exception cref="RefusalException.Conflict">The slug is taken in the organisation.</exception>
    /// <exception cref="RefusalException.Invalid">The owner is no member of the organisation.</exception>
    Task AddAsync(UpstreamServer server, StoredCredential? credential, AdminChange change, CancellationToken cancellationToken);

    /// <summary>Writes the server, and its credential when <paramref name="replaceCredential"/> (null removes it). False when it is gone.
    /// What is known of its protocol stays, unless its address or its credential changes: then it is unknown again.</summary>
    /// <param name="credential">The new one; else the one that the caller saw, which must still be the stored one.</param>
    /// <exception cref="RefusalException.Conflict">
    /// The slug is taken in the organisation, or the credential is not the one that the caller saw: it must not follow the
    /// server to an address that it was not entered for.
    /// </exception>
    Task<bool> UpdateAsync(UpstreamServer server, bool replaceCredential, StoredCredential? credential, AdminChange change, CancellationToken cancellationToken);

    /// <summary>
    /// Keeps what a probe of <paramref name="url"/> found, if that is still the server's address and no later probe is
    /// known. True when it is something else than was known, so that memories have to read it.
    /// </summary>
    Task<bool> RememberProtocolAsync(OrganizationId organization, ServerId server, Uri url, UpstreamProtocol protocol, CancellationToken cancellationToken);

    /// <summary>Keeps how a test of <paramref name="url"/> ended, if that is still the server's address. No memory has to read it anew.</summary>
    Task RememberTestAsync(OrganizationId organization, ServerId server, Uri url, TestOutcome outcome, CancellationToken cancellationToken);

    /// <summary>Removes the server with its credential and rules; its calls stay. False when the organisation has no such server.</summary>
    Task<bool> DeleteAsync(OrganizationId organization, ServerId server, AdminChange change, CancellationToken cancellationToken);

    Task<ServerDetails?> FindAsync(OrganizationId organization, ServerId server, CancellationToken cancellationToken);

    Task<ServerDetails?> FindBySlugAsync(OrganizationId organization, string slug, CancellationToken cancellationToken);

    /// <summary>By slug; <paramref name="after"/> is the last slug of the page before.</summary>
    /// <param name="tag">Only servers with it; null for all.</param>
    Task<Page<ServerDetails>> ListAsync(OrganizationId organization, string? after, int size, string? tag, CancellationToken cancellationToken);

    /// <summary>Every tag that a server of the organisation has, by name.</summary>
    Task<IReadOnlyList<string>> ListTagsAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>What would miss the server; null when the organisation has no such server.</summary>
    /// <param name="now">Tokens that have expired by then miss nothing.</param>
    Task<ServerDependents?> FindDependentsAsync(OrganizationId organization, ServerId server, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>All of the organisation's servers, by slug.</summary>
    Task<IReadOnlyList<ServerSummary>> SummarizeAsync(OrganizationId organization, CancellationToken cancellationToken);
}
