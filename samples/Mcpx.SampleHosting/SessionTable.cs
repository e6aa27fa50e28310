using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Mcpx.SampleHosting;

/// <summary>The sessions of clients that opened with <c>initialize</c>. Clients vanish without DELETE, so it holds a bounded number.</summary>
internal sealed class SessionTable(TimeProvider time, ILoggerFactory loggerFactory) : IAsyncDisposable
{
    private const int Capacity = 256;
    private static readonly TimeSpan IdleLimit = TimeSpan.FromMinutes(30);

    private readonly ConcurrentDictionary<string, McpSession> _sessions = new(StringComparer.Ordinal);

    /// <summary>Opens a session and keeps it; its id is 128 random bits, because whoever knows it may use it.</summary>
    public async Task<McpSession> OpenAsync(SampleServer server)
    {
        await SweepAsync();
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var session = new McpSession(server, id, loggerFactory);
        session.Enter(time.GetTimestamp());
        _sessions[id] = session;
        return session;
    }

    /// <summary>Finds a session and marks it used. One of another server is as unknown here as one that never was.</summary>
    public McpSession? Enter(string id, SampleServer server)
    {
        if (!_sessions.TryGetValue(id, out var session) || session.Server != server)
            return null;

        session.Enter(time.GetTimestamp());
        return session;
    }

    public void Leave(McpSession session) => session.Leave(time.GetTimestamp());

    public async ValueTask CloseAsync(McpSession session)
    {
        if (!_sessions.TryRemove(session.Transport.SessionId!, out var removed))
            return;
        await removed.DisposeAsync();
        removed.Server.Events?.Forget(removed.Transport.SessionId!);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var session in _sessions.Values)
            await CloseAsync(session);
    }

    // No timer: only a new session can make the table grow, so that is the moment to look.
    private async Task SweepAsync()
    {
        var idle = _sessions.Values.Where(session => session.IsIdle).OrderBy(session => session.LastUsed).ToList();
        var surplus = _sessions.Count - Capacity + 1;
        foreach (var session in idle)
        {
            if (surplus-- <= 0 && time.GetElapsedTime(session.LastUsed) < IdleLimit)
                return;
            await CloseAsync(session);
        }
    }
}
