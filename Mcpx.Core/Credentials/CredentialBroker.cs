using System.Runtime.CompilerServices;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Credentials;

/// <summary>Obtains what an upstream wants to see.</summary>
public sealed class CredentialBroker(CredentialVault vault)
{
    // Keyed by the stored row's identity: a changed credential is a new object of a new snapshot, and the opened form of
    // the old one goes away with it. Opening takes about a microsecond, which every call would pay otherwise.
    private readonly ConditionalWeakTable<StoredCredential, Opened> _opened = [];

    /// <summary>The header to set on the upstream request; null when the server wants none.</summary>
    /// <exception cref="CredentialUnreadableException">See <see cref="CredentialVault.Open"/>.</exception>
    public (string Header, Secret Value)? Obtain(StoredCredential? stored)
    {
        if (stored is null) return null;
        return _opened.GetValue(stored, s => new Opened(vault.Open(s).ToHeader())).Header;
    }

    private sealed record Opened((string Header, Secret Value)? Header);
}
