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

    private const int Longest = 2048;

    public string Wrap(Caller caller, ServerId server, string upstreamSession) =>
        Base64Url.EncodeToString(protector.Protect(Encoding.UTF8.GetBytes(upstreamSession), Context(caller, server)));

    /// <summary>Null for a handle that is not ours, not this caller's or of another server: all answer 404.</summary>
    public string? Unwrap(Caller caller, ServerId server, string handle)
    {
        if (handle.Length > Longest || !Base64Url.IsValid(handle)) return null;
        byte[]? plaintext = protector.Unprotect(Base64Url.DecodeFromChars(handle), Context(caller, server));
        return plaintext is null ? null : Encoding.UTF8.GetString(plaintext);
    }

    // The user, not the token: a client whose token is renewed keeps its session.
    private static string Context(Caller caller, ServerId server) => $"{caller.Organization}|session|{caller.User}|{server}";
}
