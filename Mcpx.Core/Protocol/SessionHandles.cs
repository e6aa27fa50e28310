using System.Buffers.Text;
using System.Text;
using Mcpx.Core.Credentials;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Protocol;

/// <summary>
/// What a session-era client gets instead of the upstream's session id: that id, encrypted and bound to the caller and
/// the server. No table is needed, every replica can read it, and one that is stolen is useless to another caller.
/// </summary>
public sealed class SessionHandles(ISecretProtector protector)
{
    /// <summary>The purpose label of the key that seals handles.</summary>
    public const string Purpose = "mcpx/session-handles/v1";

    private const int Longest = 8192;

    /// <summary>
    /// In front of handles of sessions with the gateway itself. It decides nothing but which seal is tried: trying both costs
    /// an exception on every call.
    /// </summary>
    private const string ClientMark = "g.";

    public string Wrap(Caller caller, ServerId server, string upstreamSession) =>
        Base64Url.EncodeToString(protector.Protect(Encoding.UTF8.GetBytes(upstreamSession), Context(caller, server)));

    /// <summary>Null for a handle that is not ours, not this caller's or of another server: all answer 404.</summary>
    public string? Unwrap(Caller caller, ServerId server, string handle) =>
        Open(handle, Context(caller, server)) is { } plaintext ? Encoding.UTF8.GetString(plaintext) : null;

    /// <summary>The handle of a session with the gateway itself.</summary>
    /// <param name="endpoint">The server or virtual gateway that it is for, as its id.</param>
    public string Wrap(Caller caller, Guid endpoint, ClientSession session) =>
        ClientMark + Base64Url.EncodeToString(protector.Protect(session.ToBytes(), ClientContext(caller, endpoint)));

    /// <inheritdoc cref="Unwrap(Caller, ServerId, string)"/>
    public ClientSession? UnwrapClient(Caller caller, Guid endpoint, string handle) =>
        handle.StartsWith(ClientMark, StringComparison.Ordinal) && Open(handle.AsSpan(ClientMark.Length), ClientContext(caller, endpoint)) is { } plaintext
            ? ClientSession.FromBytes(plaintext)
            : null;

    private byte[]? Open(ReadOnlySpan<char> handle, string context) =>
        handle.Length > Longest || !Base64Url.IsValid(handle) ? null : protector.Unprotect(Base64Url.DecodeFromChars(handle), context);

    private static string ClientContext(Caller caller, Guid endpoint) => $"{caller.Organization}|client-session|{caller.Principal.Id}|{endpoint}";

    // The user, not the token: a client whose token is renewed keeps its session.
    private static string Context(Caller caller, ServerId server) => $"{caller.Organization}|session|{caller.Principal.Id}|{server}";
}
