using System.Runtime.CompilerServices;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Credentials;

/// <summary>Obtains what an upstream wants to see, for calls as for probes and lists.</summary>
public sealed class CredentialBroker(CredentialVault vault, UpstreamTokens tokens)
{
    // Keyed by the stored row's identity: a changed credential is a new object of a new snapshot, and the opened form of
    // the old one goes away with it. Opening takes about a microsecond, which every call would pay otherwise.
    private readonly ConditionalWeakTable<StoredCredential, Opened> _opened = [];

    /// <summary>The header to set on the upstream request; null when the server wants none. At once, unless a token has to be got.</summary>
    /// <exception cref="CredentialUnreadableException">See <see cref="CredentialVault.Open"/>.</exception>
    /// <exception cref="UpstreamTokenException">No token is to be had.</exception>
    public ValueTask<(string Header, Secret Value)?> ObtainAsync(UpstreamServer server, StoredCredential? stored, CancellationToken cancellationToken)
    {
        if (stored?.Kind is not CredentialKind.ClientCredentials) return ValueTask.FromResult(ObtainFixed(stored));
        Opened opened = Open(stored);
        ValueTask<Secret> token = tokens.GetAsync(server, stored, opened.Client!, cancellationToken);
        return token.IsCompletedSuccessfully ? ValueTask.FromResult<(string, Secret)?>(opened.HeaderOf(token.Result)) : WaitAsync(opened, token);
    }

    /// <summary>The same for credentials that are shown as they were entered; null for others.</summary>
    /// <exception cref="CredentialUnreadableException">See <see cref="CredentialVault.Open"/>.</exception>
    public (string Header, Secret Value)? ObtainFixed(StoredCredential? stored) => stored is null ? null : Open(stored).Header;

    /// <summary>The server refused a header with 401. Another one to try; null when it would be the same.</summary>
    /// <inheritdoc cref="ObtainAsync"/>
    public async ValueTask<(string Header, Secret Value)?> RenewAsync(UpstreamServer server, StoredCredential stored, Secret refused, CancellationToken cancellationToken)
    {
        Opened opened = Open(stored);
        if (opened.Client is null) return null;
        string shown = refused.Reveal();
        Secret token = new(shown.StartsWith(Opened.Scheme, StringComparison.Ordinal) ? shown[Opened.Scheme.Length..] : shown);
        return await tokens.RenewAsync(server, stored, opened.Client, token, cancellationToken) is { } renewed ? opened.HeaderOf(renewed) : null;
    }

    private static async ValueTask<(string Header, Secret Value)?> WaitAsync(Opened opened, ValueTask<Secret> token) => opened.HeaderOf(await token);

    // Looked for first: what makes one is an object itself.
    private Opened Open(StoredCredential stored) => _opened.TryGetValue(stored, out Opened? opened) ? opened : _opened.GetValue(stored, s => new Opened(vault.Open(s)));

    private sealed class Opened(Credential credential)
    {
        public const string Scheme = "Bearer ";

        private Held? _last;

        public (string Header, Secret Value)? Header { get; } = credential.ToHeader();

        public Credential.ClientCredentials? Client { get; } = credential as Credential.ClientCredentials;

        /// <summary>A token serves many calls: its header is made once.</summary>
        public (string Header, Secret Value) HeaderOf(Secret token)
        {
            if (Volatile.Read(ref _last) is { } last && ReferenceEquals(last.Token, token)) return ("Authorization", last.Value);
            Held held = new(token, new Secret(Scheme + token.Reveal()));
            Volatile.Write(ref _last, held);
            return ("Authorization", held.Value);
        }

        private sealed record Held(Secret Token, Secret Value);
    }
}
