using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Mcpx.Core.Gateways;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>Which session with which server. Two callers never share one: a server may keep anything in it.</summary>
/// <param name="Access">A digest of the stored credential and the extra headers: changed ones open a new session.</param>
/// <param name="Conversation">What keeps one caller's sessions apart: the client session's id, or what a shared one was opened for.</param>
public readonly record struct UpstreamSessionKey(OrganizationId Organization, ServerId Server, Uri Url, string Access, Guid Principal, string Conversation)
{
    public static UpstreamSessionKey For(ServerRoute route, Guid principal, string conversation) => new(
        route.Organization.Id, route.Server.Id, route.Server.Url,
        AccessOf(route), principal, conversation);

    private static string AccessOf(ServerRoute route)
    {
        if (route.Credential is null && route.Server.Headers.Count == 0) return "";
        // A header holds no line break, so two lists never read the same.
        string extra = string.Concat(route.Server.Headers.Select(h => $"{h.Name}: {h.Value}\n"));
        return Convert.ToHexString(SHA256.HashData([.. route.Credential?.Ciphertext ?? [], .. Encoding.UTF8.GetBytes($"\n{route.Credential?.Client}\n{extra}")]));
    }
}

/// <summary>The gateway's own sessions with session-era servers, opened when they are first needed and closed when nobody uses them.</summary>
public sealed partial class UpstreamSessions(IUpstreamTransport transport, ServerSwitches switches, TimeProvider time, ILogger<UpstreamSessions> logger) : BackgroundService
{
    /// <summary>Sessions kept at once on one replica; the longest unused goes first.</summary>
    public const int Most = 20_000;

    private static readonly TimeSpan IdleTime = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan OpeningPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<UpstreamSessionKey, Entry> _entries = new();

    /// <summary>The keys of each conversation, so that one client's sessions are found without looking at everybody's.</summary>
    private readonly Dictionary<string, HashSet<UpstreamSessionKey>> _conversations = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>The session of that key, opened unless it is there. Callers that come together wait for one opening.</summary>
    /// <param name="parameters">The <c>params</c> of <c>initialize</c>.</param>
    public async Task<UpstreamSession> GetAsync(
        UpstreamSessionKey key, UpstreamHop hop, ReadOnlyMemory<byte> parameters, CancellationToken cancellationToken)
    {
        Entry entry = _entries.TryGetValue(key, out Entry? known) ? known : Add(key, hop, parameters);
        Volatile.Write(ref entry.LastUsed, time.GetTimestamp());
        try
        {
            // Not with the caller's token: others may wait for the same opening.
            return await entry.Session.Value.WaitAsync(cancellationToken);
        }
        catch when (entry.Session.Value.IsCompleted)
        {
            Remove(key, entry);
            throw;
        }
    }

    /// <summary>The session of that key if it is open on this replica.</summary>
    public UpstreamSession? Find(UpstreamSessionKey key) =>
        _entries.TryGetValue(key, out Entry? entry) && entry.Session.Value.IsCompletedSuccessfully ? entry.Session.Value.Result : null;

    /// <summary>Every open session of one conversation.</summary>
    public IEnumerable<UpstreamSession> Of(string conversation) => KeysOf(conversation).Select(Find).OfType<UpstreamSession>();

    /// <summary>Forgets a session that the server has ended.</summary>
    public void Drop(UpstreamSessionKey key, UpstreamSession session)
    {
        if (_entries.TryGetValue(key, out Entry? entry) && entry.Session.Value.IsCompletedSuccessfully && ReferenceEquals(entry.Session.Value.Result, session))
            Close(key, entry);
    }

    /// <summary>Ends every session of one conversation.</summary>
    public void Close(string conversation)
    {
        foreach (UpstreamSessionKey key in KeysOf(conversation))
        {
            if (_entries.TryGetValue(key, out Entry? entry)) Close(key, entry);
        }
    }

    /// <summary>Ends every session with one server.</summary>
    public void Close(OrganizationId organization, ServerId server)
    {
        foreach ((UpstreamSessionKey key, Entry entry) in _entries)
        {
            if (key.Organization == organization && key.Server == server) Close(key, entry);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        Task[] endings = [.. _entries.Values.Where(e => e.Session.Value.IsCompletedSuccessfully).Select(e => e.Session.Value.Result.DisposeAsync().AsTask())];
        _entries.Clear();
        await Task.WhenAny(Task.WhenAll(endings), Task.Delay(StopPatience, time, cancellationToken));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        switches.OnWentOff(Close);
        using PeriodicTimer timer = new(SweepEvery, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            Sweep();
    }

    private void Sweep()
    {
        foreach ((UpstreamSessionKey key, Entry entry) in _entries)
        {
            if (time.GetElapsedTime(Volatile.Read(ref entry.LastUsed)) > IdleTime && IsIdle(entry)) Close(key, entry);
        }

        foreach ((UpstreamSessionKey key, Entry entry) in _entries.OrderBy(e => e.Value.LastUsed).Take(Math.Max(0, _entries.Count - Most)))
            Close(key, entry);
    }

    private static bool IsIdle(Entry entry) => !entry.Session.Value.IsCompletedSuccessfully || entry.Session.Value.Result.IsIdle;

    private async Task<UpstreamSession> OpenAsync(UpstreamHop hop, ReadOnlyMemory<byte> parameters)
    {
        using CallDeadline deadline = CallDeadline.ForExchange(time, OpeningPatience, CancellationToken.None);
        return hop.Protocol.OverSse
            ? await SseUpstreamSession.OpenAsync(hop, transport, time, parameters, deadline)
            : await HttpUpstreamSession.OpenAsync(hop, transport, time, parameters, deadline);
    }

    private Entry Add(UpstreamSessionKey key, UpstreamHop hop, ReadOnlyMemory<byte> parameters)
    {
        Entry entry = _entries.GetOrAdd(key, _ => new Entry(new Lazy<Task<UpstreamSession>>(() => OpenAsync(hop, parameters))));
        lock (_gate)
        {
            if (!_conversations.TryGetValue(key.Conversation, out HashSet<UpstreamSessionKey>? keys)) _conversations[key.Conversation] = keys = [];
            keys.Add(key);
        }

        return entry;
    }

    private void Close(UpstreamSessionKey key, Entry entry)
    {
        if (Remove(key, entry) && entry.Session.Value.IsCompletedSuccessfully) _ = EndAsync(entry.Session.Value.Result);
    }

    private bool Remove(UpstreamSessionKey key, Entry entry)
    {
        if (!_entries.TryRemove(new(key, entry))) return false;
        lock (_gate)
        {
            if (_conversations.TryGetValue(key.Conversation, out HashSet<UpstreamSessionKey>? keys) && keys.Remove(key) && keys.Count == 0)
                _conversations.Remove(key.Conversation);
        }

        return true;
    }

    private UpstreamSessionKey[] KeysOf(string conversation)
    {
        lock (_gate)
            return _conversations.TryGetValue(conversation, out HashSet<UpstreamSessionKey>? keys) ? [.. keys] : [];
    }

    private async Task EndAsync(UpstreamSession session)
    {
        try
        {
            await session.DisposeAsync();
        }
        catch (Exception e)
        {
            LogEndingFailed(logger, e, session.Hop.Route.Server.Slug);
        }
    }

    [LoggerMessage(1210, LogLevel.Warning, "Ending a session with {Server} failed.")]
    private static partial void LogEndingFailed(ILogger logger, Exception exception, string server);

    private sealed class Entry(Lazy<Task<UpstreamSession>> session)
    {
        public Lazy<Task<UpstreamSession>> Session { get; } = session;

        public long LastUsed;
    }
}
