using System.Collections.Concurrent;
using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Servers;

/// <summary>
/// Knows how each server is spoken to: from its record, else by a probe whose finding goes onto the record (MCP 2026-07-28,
/// Versioning: a client may persist it, and probes again if it later fails).
/// </summary>
public sealed partial class UpstreamProtocols(
    IServerStore store, ProtocolProbe probe, ChangeFeed changes, ILogger<UpstreamProtocols> logger, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FailureHolds = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BetweenDoubts = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ForgetAfter = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<(OrganizationId, ServerId), Inquiry> _inquiries = new();
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>
    /// At once when it is known; else after a probe that all callers share, within 10 seconds. A failure holds for 5
    /// seconds, so that calls to a dead server don't wait for a probe each.
    /// </summary>
    /// <param name="credential">As stored beside the server; null when it has none.</param>
    /// <exception cref="Exception">What <see cref="ProtocolProbe.ProbeAsync"/> throws, and <see cref="CredentialUnreadableException"/>.</exception>
    public ValueTask<UpstreamProtocol> FindAsync(UpstreamServer server, StoredCredential? credential, CancellationToken cancellationToken)
    {
        if (Known(server, credential) is { } known) return ValueTask.FromResult(known);
        Inquiry inquiry = Ask(server, credential, last => !last.Answer.IsFaulted || last.FailedAt == 0 || time.GetElapsedTime(last.FailedAt) < FailureHolds);
        return new ValueTask<UpstreamProtocol>(inquiry.Answer.WaitAsync(cancellationToken));
    }

    /// <summary>An answer contradicted what is known: probes again in the background, at most once a minute.</summary>
    public void Doubt(UpstreamServer server, StoredCredential? credential) =>
        Ask(server, credential, last => time.GetElapsedTime(last.StartedAt) < BetweenDoubts);

    /// <summary>The server is new or changed: probes it in the background.</summary>
    public void Probe(UpstreamServer server, StoredCredential? credential) =>
        Ask(server, credential, last => !last.Answer.IsCompleted);

    /// <summary>Remembers what somebody else's probe of the server found.</summary>
    public async Task LearnAsync(UpstreamServer server, StoredCredential? credential, UpstreamProtocol found)
    {
        lock (_gate)
            _inquiries[KeyOf(server)] = new Inquiry(server.Url, credential, before: null, time.GetTimestamp()) { Answer = Task.FromResult(found) };
        await RememberAsync(server, found);
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }

    /// <summary>The record, or what was found since: the snapshot that a caller holds may be older than that.</summary>
    private UpstreamProtocol? Known(UpstreamServer server, StoredCredential? credential)
    {
        if (!_inquiries.TryGetValue(KeyOf(server), out Inquiry? last) || last.Found is not { } found) return server.Protocol;
        bool isNewer = server.Protocol is null || found.ProbedAt > server.Protocol.ProbedAt;
        return isNewer && last.IsAbout(server, credential) ? found : server.Protocol;
    }

    private Inquiry Ask(UpstreamServer server, StoredCredential? credential, Func<Inquiry, bool> suffices)
    {
        lock (_gate)
        {
            Inquiry? last = _inquiries.GetValueOrDefault(KeyOf(server));
            if (last?.IsAbout(server, credential) is not true) last = null;
            if (last is not null && suffices(last)) return last;
            ForgetOld();
            CancellationToken stopping = _stopping.Token;
            Inquiry next = new(server.Url, credential, last?.Found, time.GetTimestamp()) { Answer = Task.Run(() => ProbeAsync(server, credential, stopping), stopping) };
            _inquiries[KeyOf(server)] = next;
            _ = FollowAsync(server, next);
            return next;
        }
    }

    private async Task<UpstreamProtocol> ProbeAsync(UpstreamServer server, StoredCredential? credential, CancellationToken stopping)
    {
        using CancellationTokenSource limit = new(Patience, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(stopping, limit.Token);
        try
        {
            return await probe.ProbeAsync(server, credential, either.Token);
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested)
        {
            throw new TimeoutException($"No answer within {Patience.TotalSeconds:0} seconds.", e);
        }
    }

    private async Task FollowAsync(UpstreamServer server, Inquiry inquiry)
    {
        try
        {
            UpstreamProtocol found = await inquiry.Answer;
            await RememberAsync(server, found);
        }
        catch (Exception e) when (!_stopping.IsCancellationRequested)
        {
            // Whoever waits gets the exception, too; in the background nobody does, and a later call asks again.
            inquiry.FailedAt = time.GetTimestamp();
            LogNotFound(logger, server.Id, ConnectionFailure.Explain(e) ?? e.Message);
        }
        catch
        {
            // Stopping: the next start asks again.
        }
    }

    private async Task RememberAsync(UpstreamServer server, UpstreamProtocol found)
    {
        try
        {
            if (await store.RememberProtocolAsync(server.Organization, server.Id, server.Url, found, _stopping.Token))
                await changes.PublishAsync(new Change(ChangeKind.Configuration, server.Organization.Value));
        }
        catch (Exception e) when (!_stopping.IsCancellationRequested)
        {
            // This replica knows it all the same.
            LogNotStored(logger, server.Id, e.Message);
        }
    }

    /// <summary>What is on the record by now, or belongs to a server that is gone.</summary>
    private void ForgetOld()
    {
        foreach (((OrganizationId, ServerId) key, Inquiry inquiry) in _inquiries)
        {
            if (inquiry.Answer.IsCompleted && time.GetElapsedTime(inquiry.StartedAt) > ForgetAfter)
                _inquiries.TryRemove(key, out _);
        }
    }

    private static (OrganizationId, ServerId) KeyOf(UpstreamServer server) => (server.Organization, server.Id);

    [LoggerMessage(1340, LogLevel.Information, "How server {Server} is spoken to could not be found out: {Reason}")]
    private static partial void LogNotFound(ILogger logger, ServerId server, string reason);

    [LoggerMessage(1341, LogLevel.Warning, "How server {Server} is spoken to could not be stored: {Reason}")]
    private static partial void LogNotStored(ILogger logger, ServerId server, string reason);

    /// <summary>The last probe of one server, under way or ended.</summary>
    private sealed class Inquiry(Uri url, StoredCredential? credential, UpstreamProtocol? before, long startedAt)
    {
        private long _failedAt;

        public required Task<UpstreamProtocol> Answer { get; init; }

        public long StartedAt { get; } = startedAt;

        /// <summary>0 until it is noted, shortly after the failure.</summary>
        public long FailedAt
        {
            get => Volatile.Read(ref _failedAt);
            set => Volatile.Write(ref _failedAt, value);
        }

        /// <summary>What it found, or the one before while it found nothing.</summary>
        public UpstreamProtocol? Found => Answer.IsCompletedSuccessfully ? Answer.Result : before;

        /// <summary>A finding holds for the address and the credential that it was made with.</summary>
        public bool IsAbout(UpstreamServer server, StoredCredential? shown) => url.AbsoluteUri == server.Url.AbsoluteUri && StoredCredential.IsSame(credential, shown);
    }
}
