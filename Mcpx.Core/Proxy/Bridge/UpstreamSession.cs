using System.Security.Cryptography;
using Mcpx.Core.Gateways;
using Mcpx.Core.Protocol;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>The upstream does not know the session any more; nothing of the request was done.</summary>
public sealed class UpstreamSessionGoneException() : Exception("The server has ended the session.");

/// <summary>A way to a server: where it is and how it is spoken to.</summary>
public sealed record UpstreamHop(ServerRoute Route, UpstreamProtocol Protocol)
{
    /// <summary>The longest a whole call may take.</summary>
    public TimeSpan Patience => TimeSpan.FromSeconds(Route.Server.TimeoutSeconds);
}

/// <summary>A session of the gateway's with a session-era server, over whichever transport it speaks.</summary>
public abstract class UpstreamSession(UpstreamHop hop) : IAsyncDisposable
{
    private int _underWay;

    public UpstreamHop Hop { get; } = hop;

    /// <summary>The server's id of the session; null when it assigned none.</summary>
    public string? Id { get; protected set; }

    /// <summary>The revision that was agreed on.</summary>
    public string Version { get; protected set; } = "";

    /// <summary>The result of <c>initialize</c>, a JSON object.</summary>
    public ReadOnlyMemory<byte> Opening { get; private set; }

    public bool IsIdle => Volatile.Read(ref _underWay) == 0;

    /// <summary>Asks and gives each message that comes of it; the last one is the answer.</summary>
    /// <param name="id">The request's id as raw JSON, unique among the session's requests under way.</param>
    /// <exception cref="UpstreamSessionGoneException">Nothing was done.</exception>
    public async IAsyncEnumerable<UpstreamMessage> AskAsync(ReadOnlyMemory<byte> request, ReadOnlyMemory<byte> id, CallDeadline deadline)
    {
        Interlocked.Increment(ref _underWay);
        try
        {
            await foreach (UpstreamMessage message in ExchangeAsync(request, id, deadline))
            {
                // An answer to another request is nobody's here: given to this caller it would be somebody else's data.
                if (message.IsAnswer && !message.Answers(id.Span)) throw new UpstreamAnswerException("The server answered another request than the one that was sent.");
                yield return message;
                if (message.IsAnswer) yield break;
            }
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }

        throw new UpstreamAnswerException("The server ended its stream without an answer.");
    }

    /// <summary>Asks for logs of a level; a server without logging refuses, and its calls go on without.</summary>
    public async Task SetLogLevelAsync(string level, TimeProvider time, CancellationToken cancellationToken)
    {
        // Unique: callers that share a session may ask at the same moment.
        byte[] id = JsonEdit.Text($"mcpx-log-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}");
        byte[] request = [.. "{\"jsonrpc\":\"2.0\",\"id\":"u8, .. id, .. ",\"method\":\"logging/setLevel\",\"params\":{\"level\":"u8, .. JsonEdit.Text(level), .. "}}"u8];
        using CallDeadline deadline = CallDeadline.ForExchange(time, Hop.Patience, cancellationToken);
        await foreach (UpstreamMessage _ in AskAsync(request, id, deadline))
        {
            // Its answer says nothing that the client could use.
        }
    }

    /// <summary>Sends a notification, or the answer to a request of the server's.</summary>
    public abstract Task TellAsync(ReadOnlyMemory<byte> message, CallDeadline deadline);

    /// <summary>What the server says outside of any request; ends when the server ends it, at once when it has no such stream.</summary>
    public abstract IAsyncEnumerable<UpstreamMessage> ListenAsync(CallDeadline deadline);

    public abstract ValueTask DisposeAsync();

    protected abstract IAsyncEnumerable<UpstreamMessage> ExchangeAsync(ReadOnlyMemory<byte> request, ReadOnlyMemory<byte> id, CallDeadline deadline);

    /// <summary>Opens the session (MCP 2025-11-25, "Lifecycle").</summary>
    /// <param name="parameters">The <c>params</c> of <c>initialize</c>.</param>
    protected async Task InitializeAsync(ReadOnlyMemory<byte> parameters, CallDeadline deadline)
    {
        byte[] id = "0"u8.ToArray();
        byte[] request = [.. """{"jsonrpc":"2.0","id":0,"method":"initialize","params":"""u8, .. parameters.Span, .. "}"u8];
        await foreach (UpstreamMessage message in AskAsync(request, id, deadline))
        {
            if (!message.IsAnswer) continue;
            if (message.Kind is AnswerKind.Error)
                throw new UpstreamAnswerException($"The server refused to open a session: {JsonEdit.FindText(message.Json, "error", "message")}");
            Opening = JsonEdit.Find(message.Json, "result")!.Value.ToArray();
            Version = JsonEdit.FindText(Opening, "protocolVersion") is { Length: < 32 } version
                ? version
                : throw new UpstreamAnswerException("The server opened a session without naming its revision.");
        }

        await TellAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}"""u8.ToArray(), deadline);
    }
}
