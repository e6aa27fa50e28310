using System.Collections.Concurrent;
using System.Net.Sockets;
using Mcpx.Core.Egress;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Credentials;

/// <summary>
/// The access tokens for upstreams, in this replica's memory, one for each server of each organisation: two of them never
/// share one, even at the same authorization server.
/// </summary>
public sealed partial class UpstreamTokens(EgressHandlerFactory egress, TimeProvider time, ILogger<UpstreamTokens> logger)
{
    /// <summary>A failure holds this long, so that calls to a server without tokens don't become a flood at its token endpoint.</summary>
    public static readonly TimeSpan FailureHolds = TimeSpan.FromSeconds(5);

    /// <summary>However often a server refuses tokens, a new one is asked for once in this time.</summary>
    public static readonly TimeSpan BetweenRenewals = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PlaceHolds = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ForgetAfter = TimeSpan.FromHours(1);
    private const int MostConnections = 2;

    private readonly ConcurrentDictionary<(OrganizationId, ServerId), Entry> _entries = new();

    /// <summary>At once while the known one lives; a new one is got ahead of its end, beside the calls.</summary>
    /// <exception cref="UpstreamTokenException">There is none to be had, or was none a moment ago.</exception>
    internal ValueTask<Secret> GetAsync(UpstreamServer server, StoredCredential stored, Credential.ClientCredentials credential, CancellationToken cancellationToken)
    {
        Entry entry = EntryOf(server, stored);
        lock (entry)
        {
            long now = time.GetTimestamp();
            entry.LastUsed = now;
            if (entry.Current is { } current && now < current.EndsAt)
            {
                // Its failure is in the log, and the next one asks again.
                if (now >= current.RefreshAt && !entry.IsFailing(time)) _ = Fetch(entry, server, credential);
                return ValueTask.FromResult(current.Token);
            }

            if (entry.Failure is { } failure && entry.IsFailing(time)) throw failure.Again();
            return new ValueTask<Secret>(Fetch(entry, server, credential).WaitAsync(cancellationToken));
        }
    }

    /// <summary>The server refused a token. The one to try instead; null when there is none but that.</summary>
    /// <exception cref="UpstreamTokenException">There is none to be had.</exception>
    internal async ValueTask<Secret?> RenewAsync(
        UpstreamServer server, StoredCredential stored, Credential.ClientCredentials credential, Secret refused, CancellationToken cancellationToken)
    {
        Entry entry = EntryOf(server, stored);
        Task<Secret> fetching;
        lock (entry)
        {
            if (entry.Current is { } current && current.Token.Reveal() != refused.Reveal()) return current.Token;
            if (entry.Fetching is null)
            {
                if (entry.RenewedAt is { } last && time.GetElapsedTime(last) < BetweenRenewals) return null;
                entry.RenewedAt = time.GetTimestamp();
                entry.Current = null;
            }

            fetching = Fetch(entry, server, credential);
        }

        return await fetching.WaitAsync(cancellationToken);
    }

    /// <summary>The authorization servers that a server names, for a person to choose from; null when it names none.</summary>
    /// <exception cref="UpstreamTokenException">It describes itself in a way that can't be used.</exception>
    public async Task<IReadOnlyList<string>?> FindIssuersAsync(UpstreamServer server, CancellationToken cancellationToken)
    {
        using HttpMessageInvoker http = new(egress.CreateFor(server.Organization, MostConnections));
        return await ExplainedAsync(token => new TokenDiscovery(http, server.Url).FindIssuersAsync(token), cancellationToken);
    }

    /// <summary>Forgets what a draft of a server was tried with.</summary>
    public void Forget(UpstreamServer server) => _entries.TryRemove((server.Organization, server.Id), out _);

    private Entry EntryOf(UpstreamServer server, StoredCredential stored)
    {
        (OrganizationId, ServerId) key = (server.Organization, server.Id);
        if (_entries.TryGetValue(key, out Entry? known) && known.IsAbout(server, stored)) return known;
        foreach (((OrganizationId, ServerId) old, Entry entry) in _entries)
        {
            if (time.GetElapsedTime(Volatile.Read(ref entry.LastUsed)) > ForgetAfter) _entries.TryRemove(old, out _);
        }

        return _entries.AddOrUpdate(key, _ => new Entry(server.Url, stored, time), (_, there) => there.IsAbout(server, stored) ? there : new Entry(server.Url, stored, time));
    }

    /// <summary>Whoever comes while one is fetched waits for that. It does not end with who asked first.</summary>
    private Task<Secret> Fetch(Entry entry, UpstreamServer server, Credential.ClientCredentials credential) =>
        entry.Fetching ??= Task.Run(() => FetchAsync(entry, server, credential));

    private async Task<Secret> FetchAsync(Entry entry, UpstreamServer server, Credential.ClientCredentials credential)
    {
        try
        {
            using HttpMessageInvoker http = new(egress.CreateFor(server.Organization, MostConnections));
            UpstreamToken token = await ExplainedAsync(async stop =>
            {
                TokenPlace place = await PlaceAsync(entry, http, server, credential.Settings, stop);
                return await new TokenRequest(http, time).SendAsync(place, credential, ResourceOf(server, credential.Settings), stop);
            }, CancellationToken.None);
            lock (entry)
            {
                entry.Accept(token, time);
                return token.Text;
            }
        }
        catch (UpstreamTokenException e)
        {
            if (e.Failure is TokenFailure.IssuerDiffers) LogIssuerDiffers(logger, server.Id, server.Organization, e.Message);
            else LogNoToken(logger, server.Id, server.Organization, e.Message);
            lock (entry) entry.Fail(e, time);
            throw;
        }
        finally
        {
            lock (entry) entry.Fetching = null;
        }
    }

    private async Task<TokenPlace> PlaceAsync(Entry entry, HttpMessageInvoker http, UpstreamServer server, ClientSettings settings, CancellationToken cancellationToken)
    {
        if (entry.Place is { } known && time.GetElapsedTime(entry.PlaceFoundAt) < PlaceHolds) return known;
        entry.Place = null;
        TokenPlace found = await new TokenDiscovery(http, server.Url).FindAsync(settings, cancellationToken);
        (entry.Place, entry.PlaceFoundAt) = (found, time.GetTimestamp());
        return found;
    }

    private async Task<T> ExplainedAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(Patience, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await ask(either.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UpstreamTokenException(TokenFailure.Unreachable, $"The authorization server did not answer within {Patience.TotalSeconds:0} seconds.", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            string why = e as EgressDeniedException is { } denied ? denied.Message
                : e.InnerException is EgressDeniedException inner ? inner.Message : "It can't be reached, or the connection broke.";
            throw new UpstreamTokenException(TokenFailure.Unreachable, $"The way to the authorization server failed. {why}", e);
        }
    }

    private static string? ResourceOf(UpstreamServer server, ClientSettings settings) => settings.Resource switch
    {
        ClientSettings.NoResource => null,
        null => server.Url.AbsoluteUri,
        var given => given,
    };

    [LoggerMessage(1400, LogLevel.Warning, "Server {Server} of organisation {Organization} does not belong to the issuer on its record, and calls stop: {Reason}")]
    private static partial void LogIssuerDiffers(ILogger logger, ServerId server, OrganizationId organization, string reason);

    [LoggerMessage(1401, LogLevel.Warning, "No access token for server {Server} of organisation {Organization}: {Reason}")]
    private static partial void LogNoToken(ILogger logger, ServerId server, OrganizationId organization, string reason);

    /// <summary>One server's token. Everything but the place is looked at under its lock; one fetch at a time changes the place.</summary>
    private sealed class Entry(Uri url, StoredCredential stored, TimeProvider time)
    {
        private const double RefreshAt = 0.8;
        private const double Jitter = 0.05;

        public long LastUsed = time.GetTimestamp();
        private long _failedAt;

        public KnownToken? Current { get; set; }

        public UpstreamTokenException? Failure { get; private set; }

        public Task<Secret>? Fetching { get; set; }

        public long? RenewedAt { get; set; }

        public TokenPlace? Place { get; set; }

        public long PlaceFoundAt { get; set; }

        public bool IsAbout(UpstreamServer server, StoredCredential shown) => url.AbsoluteUri == server.Url.AbsoluteUri && StoredCredential.IsSame(stored, shown);

        public bool IsFailing(TimeProvider clock) => Failure is not null && clock.GetElapsedTime(_failedAt) < FailureHolds;

        public void Accept(UpstreamToken token, TimeProvider clock)
        {
            // Replicas that began together shall not ask together.
            double part = RefreshAt - Jitter * Random.Shared.NextDouble();
            long now = clock.GetTimestamp();
            long life = (long)(token.Life.TotalSeconds * clock.TimestampFrequency);
            Current = new KnownToken(token.Text, now + (long)(life * part), now + life);
            Failure = null;
        }

        public void Fail(UpstreamTokenException failure, TimeProvider clock)
        {
            (Failure, _failedAt) = (failure, clock.GetTimestamp());
            // A server that names another issuer by now may be somebody else's: it gets no token any more.
            if (failure.Failure is TokenFailure.IssuerDiffers) Current = null;
        }
    }

    private sealed record KnownToken(Secret Token, long RefreshAt, long EndsAt);
}
