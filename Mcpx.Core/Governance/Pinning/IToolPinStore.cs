using Mcpx.Core.Audit;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Governance.Pinning;

/// <summary>A tool's definition as a reading found it.</summary>
/// <param name="Json">As the server wrote it.</param>
public sealed record SeenDefinition(string Tool, DefinitionHash Hash, ReadOnlyMemory<byte> Json);

/// <summary>Who saw definitions.</summary>
public enum PinReading
{
    /// <summary>The gateway itself: the whole list, with the server's own credential.</summary>
    Own,

    /// <summary>A client's list on its way through: a part of it, in the client's session.</summary>
    Client,
}

/// <summary>What was new about a reading.</summary>
/// <param name="State">What the tool is now: <see cref="PinState.Approved"/> when it is what it was before.</param>
public sealed record PinNews(string Tool, PinState State);

/// <summary>A tool's pin as it is stored.</summary>
/// <param name="ApprovedJson">Null when no definition was approved.</param>
/// <param name="SeenJson">The definition that was seen last; the approved one when it is that.</param>
/// <param name="ApprovedBy">Who approved it, by name; null when the first reading was trusted, or nobody did.</param>
public sealed record StoredPin(
    string Tool,
    ToolPin Pin,
    ReadOnlyMemory<byte>? ApprovedJson,
    ReadOnlyMemory<byte> SeenJson,
    DateTimeOffset FirstSeenAt,
    DateTimeOffset SeenAt,
    DateTimeOffset? ApprovedAt,
    string? ApprovedBy);

/// <summary>A server's pins as they are stored, by the tools' names.</summary>
public sealed record StoredPins(PinSettings Settings, IReadOnlyList<StoredPin> Tools);

/// <summary>One tool and the definition that a person looked at: another one that came meanwhile is not meant.</summary>
public sealed record PinChoice(string Tool, DefinitionHash Hash);

public interface IToolPinStore
{
    /// <summary>Null when the organisation has no such server.</summary>
    Task<StoredPins?> FindAsync(OrganizationId organization, ServerId server, CancellationToken cancellationToken);

    /// <summary>
    /// Takes in what a reading found. The first own reading that has tools at all is the baseline; what deviates later
    /// waits for approval. Several replicas may bring the same, and a slow reading what a quicker one has overtaken.
    /// </summary>
    /// <param name="began">When the reading began: what was seen of a tool since then is newer than what it brings.</param>
    /// <returns>What was new; empty when the server is gone or nothing was.</returns>
    Task<IReadOnlyList<PinNews>> NoteAsync(
        OrganizationId organization, ServerId server, PinReading reading, IReadOnlyList<SeenDefinition> seen, DateTimeOffset began, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Null when the organisation has no such server; else those of the choices that are still what was seen last, and were approved.</summary>
    Task<IReadOnlyList<string>?> ApproveAsync(
        OrganizationId organization, ServerId server, IReadOnlyList<PinChoice> choices, string by, DateTimeOffset now, AdminChange change, CancellationToken cancellationToken);

    /// <summary>The same for a no. What only a client saw is put aside with it, and the approved definition counts again.</summary>
    Task<IReadOnlyList<string>?> RejectAsync(OrganizationId organization, ServerId server, IReadOnlyList<PinChoice> choices, AdminChange change, CancellationToken cancellationToken);

    /// <summary>Removes all that is known of these tools; they are new when they are seen again. Null when the organisation has no such server.</summary>
    Task<int?> ForgetAsync(OrganizationId organization, ServerId server, IReadOnlyList<string> tools, AdminChange change, CancellationToken cancellationToken);

    /// <summary>False when the organisation has no such server. To review first takes back what was approved on trust alone.</summary>
    Task<bool> SetAsync(OrganizationId organization, ServerId server, PinMode mode, bool reviewFirst, AdminChange change, CancellationToken cancellationToken);
}
