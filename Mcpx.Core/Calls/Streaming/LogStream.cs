using Mcpx.Core.Audit;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls.Streaming;

/// <summary>What a webhook knows us by. The numbers are stored: never reuse one.</summary>
public enum WebhookAuthentication
{
    /// <summary>Every request is signed as Standard Webhooks 1.0 says, with a key that we made.</summary>
    Signature = 0,

    /// <summary>Every request has an <c>Authorization</c> header that the receiver gave out.</summary>
    Authorization = 1,
}

/// <summary>Where a stream goes.</summary>
public abstract record LogTarget
{
    private LogTarget()
    {
    }

    /// <summary>As people see it.</summary>
    public abstract string Address { get; }

    public sealed record Webhook(Uri Url, WebhookAuthentication Authentication) : LogTarget
    {
        public override string Address => Url.OriginalString;
    }

    /// <summary>RFC 5424 over TCP (RFC 6587) or TLS (RFC 5425), framed by octet counting.</summary>
    public sealed record Syslog(string Host, int Port, bool Tls) : LogTarget
    {
        public override string Address => $"{(Tls ? "syslog+tls" : "syslog+tcp")}://{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}";
    }
}

/// <summary>How far a stream has come.</summary>
/// <param name="Position">The number of the last record in the organisation's chain that was sent or passed over.</param>
/// <param name="Delivered">Calls and entries that were sent, in all.</param>
/// <param name="DeliveredAt">When the last one was.</param>
/// <param name="Problem">Why it does not go on; null when it does.</param>
/// <param name="ProblemAt">When the last try failed.</param>
public sealed record LogStreamProgress(long Position, long Delivered, DateTimeOffset? DeliveredAt, string? Problem, DateTimeOffset? ProblemAt);

/// <summary>Calls of an organisation that are sent on as soon as they are on record, in the order of its chain, each at least once.</summary>
/// <param name="Secret">What the target knows us by, as a ciphertext, see <see cref="LogStreamVault"/>; null for syslog.</param>
/// <param name="SecretHint">What people may see of it.</param>
/// <param name="Query">Which calls, see <see cref="CallQuery.ToText"/>; servers and gateways by their ids. Empty for all.</param>
/// <param name="Payloads">With what calls carried.</param>
public sealed record LogStream(
    LogStreamId Id, OrganizationId Organization, string Name, LogTarget Target, byte[]? Secret, string? SecretHint, string Query, bool Payloads, DateTimeOffset CreatedAt, LogStreamProgress Progress)
{
    /// <summary>Entries of the audit log go along, each of them, whatever the query says of calls.</summary>
    public bool Entries { get; init; }

    /// <summary>Since when nothing is sent; null while it is. What waits is sent when it goes on.</summary>
    public DateTimeOffset? PausedAt { get; init; }

    public AuditView ToAudit()
    {
        AuditView view = new AuditView(Name).With("target", Target.Address);
        if (Target is LogTarget.Webhook webhook) view = view.With("authentication", webhook.Authentication);
        return view.With("secret", SecretHint).With("query", Query.Length == 0 ? null : Query).With("payloads", Payloads).With("entries", Entries).With("pausedAt", PausedAt);
    }
}

/// <param name="Waiting">Records behind the position that were not looked at yet.</param>
public sealed record LogStreamReport(LogStream Stream, long Waiting);

/// <summary>A call and its number in the chain.</summary>
public sealed record LinkedCall(long Sequence, CallRecord Call);

/// <summary>An entry of the audit log and its number in the chain.</summary>
public sealed record LinkedEntry(long Sequence, AdminEntry Entry);

/// <summary>Links behind a position, and those of their calls that a filter lets through.</summary>
/// <param name="Last">The number of the last link.</param>
/// <param name="IsFull">There may be more.</param>
public sealed record LinkedCalls(long Last, bool IsFull, IReadOnlyList<LinkedCall> Calls)
{
    /// <summary>Of the same links, where they are asked for.</summary>
    public IReadOnlyList<LinkedEntry> Entries { get; init; } = [];
}

/// <summary>Seals what targets know us by for the database and opens it again.</summary>
public sealed class LogStreamVault(ISecretProtector protector) : TextVault(protector, "log_streams", "secret")
{
    /// <summary>The purpose label of the key that seals them.</summary>
    public const string Purpose = "mcpx/log-streams/v1";

    public byte[] Seal(OrganizationId organization, LogStreamId stream, Secret secret) => Seal(organization, stream.Value, secret);

    /// <summary>Null when no key of the ring opens it.</summary>
    public Secret? Open(LogStream stream) => Open(stream.Organization, stream.Id.Value, stream.Secret);
}

public interface ILogStreamStore
{
    /// <summary>By name.</summary>
    Task<IReadOnlyList<LogStreamReport>> ListAsync(OrganizationId organization, CancellationToken cancellationToken);

    /// <summary>Null when the organisation has none of that id.</summary>
    Task<LogStream?> FindAsync(OrganizationId organization, LogStreamId stream, CancellationToken cancellationToken);

    /// <summary>Of all organisations, behind whose position are records; not those that are paused.</summary>
    Task<IReadOnlyList<LogStream>> ListWaitingAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Adds it while the organisation has fewer than <paramref name="most"/>; its position is the end of the chain at this
    /// moment. Null when it has as many.
    /// </summary>
    /// <exception cref="RefusalException.Conflict">The name is taken.</exception>
    Task<LogStream?> AddAsync(LogStream stream, int most, AdminChange change, CancellationToken cancellationToken);

    /// <summary>False when the organisation has none of that id.</summary>
    Task<bool> DeleteAsync(OrganizationId organization, LogStreamId stream, AdminChange change, CancellationToken cancellationToken);

    /// <summary>Pauses it, or lets it go on; false when the organisation has none of that id.</summary>
    /// <param name="pausedAt">Null to go on.</param>
    Task<bool> PauseAsync(OrganizationId organization, LogStreamId stream, DateTimeOffset? pausedAt, AdminChange change, CancellationToken cancellationToken);

    /// <summary>The next links behind a position; null when there are none.</summary>
    /// <param name="filter">Its cursor and size say nothing here.</param>
    Task<LinkedCalls?> ReadAsync(OrganizationId organization, long position, int most, CallFilter filter, CancellationToken cancellationToken);

    /// <summary>The entries of the audit log among some links.</summary>
    Task<IReadOnlyList<LinkedEntry>> ReadEntriesAsync(OrganizationId organization, long after, long last, CancellationToken cancellationToken);

    /// <summary>How far it came, or why not. False when it is not to go on: the stream is gone or paused, or another replica moved it meanwhile.</summary>
    Task<bool> NoteAsync(LogStream before, LogStreamProgress progress, CancellationToken cancellationToken);
}
