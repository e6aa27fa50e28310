using System.Net;
using System.Text;
using System.Threading.Channels;
using Mcpx.Core.Protocol;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>
/// A session over the transport of 2024-11-05: one standing event stream brings everything, and a POST address that the
/// stream names takes everything. The session lives as long as the stream.
/// </summary>
public sealed class SseUpstreamSession : UpstreamSession
{
    private const int MostUnheard = 1000;
    private const string EndpointEvent = "endpoint";

    private readonly IUpstreamTransport _transport;
    private readonly CallDeadline _life;
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Channel<UpstreamMessage>> _asking = [];
    private readonly List<string> _order = [];
    private readonly Channel<UpstreamMessage> _unasked = Channel.CreateBounded<UpstreamMessage>(
        new BoundedChannelOptions(MostUnheard) { FullMode = BoundedChannelFullMode.DropOldest });

    private Uri? _postAddress;
    private Task _pump = Task.CompletedTask;
    private bool _isOver;

    private SseUpstreamSession(UpstreamHop hop, IUpstreamTransport transport, TimeProvider time) : base(hop)
    {
        _transport = transport;
        _life = CallDeadline.ForStream(time, hop.Route.Server, _end.Token);
    }

    public static async Task<UpstreamSession> OpenAsync(
        UpstreamHop hop, IUpstreamTransport transport, TimeProvider time, ReadOnlyMemory<byte> parameters, CallDeadline deadline)
    {
        SseUpstreamSession session = new(hop, transport, time);
        try
        {
            await session.ConnectAsync().WaitAsync(deadline.Token);
            await session.InitializeAsync(parameters, deadline);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    public override async Task TellAsync(ReadOnlyMemory<byte> message, CallDeadline deadline)
    {
        OutboundRequest request = new(HttpMethod.Post, _postAddress!, message)
        {
            ProtocolVersion = Version.Length == 0 ? null : Version,
            PropagateTrace = Hop.Route.Server.PropagateTrace,
        };
        using HttpRequestMessage http = request.ToHttp();
        using HttpResponseMessage answer = await _transport.SendAsync(Hop.Route, http, deadline.Token);
        AnswerRelay.RefuseUnusable(answer);
        if (answer.StatusCode is HttpStatusCode.NotFound) throw new UpstreamSessionGoneException();
        if ((int)answer.StatusCode >= 400) throw new UpstreamAnswerException($"The server refused a message ({(int)answer.StatusCode}).");
    }

    public override async IAsyncEnumerable<UpstreamMessage> ListenAsync(CallDeadline deadline)
    {
        await foreach (UpstreamMessage message in _unasked.Reader.ReadAllAsync(deadline.Token))
            yield return message;
    }

    public override async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _life.Dispose();
        _end.Dispose();
    }

    protected override async IAsyncEnumerable<UpstreamMessage> ExchangeAsync(ReadOnlyMemory<byte> request, ReadOnlyMemory<byte> id, CallDeadline deadline)
    {
        string key = Encoding.UTF8.GetString(id.Span);
        Channel<UpstreamMessage> messages = Channel.CreateUnbounded<UpstreamMessage>(new UnboundedChannelOptions { SingleReader = true });
        lock (_gate)
        {
            if (_isOver) throw new UpstreamSessionGoneException();
            if (!_asking.TryAdd(key, messages)) throw new UpstreamAnswerException("A request with this id is under way already.");
            _order.Add(key);
        }

        try
        {
            await TellAsync(request, deadline);
            deadline.ExpectMore();
            await foreach (UpstreamMessage message in messages.Reader.ReadAllAsync(deadline.Token))
            {
                deadline.ExpectMore();
                yield return message;
            }
        }
        finally
        {
            lock (_gate)
            {
                _asking.Remove(key);
                _order.Remove(key);
            }
        }
    }

    /// <summary>Returns when the server has named its POST address; the stream is read on from there.</summary>
    private async Task ConnectAsync()
    {
        TaskCompletionSource named = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _pump = PumpAsync(named);
        await named.Task;
    }

    private async Task PumpAsync(TaskCompletionSource named)
    {
        Exception? cause = null;
        try
        {
            using HttpRequestMessage http = new OutboundRequest(HttpMethod.Get, Hop.Route.Server.Url, null).ToHttp();
            using HttpResponseMessage answer = await _transport.SendAsync(Hop.Route, http, _life.Token);
            _life.ExpectMore();
            AnswerRelay.RefuseUnusable(answer);
            if (answer.StatusCode is not HttpStatusCode.OK || answer.Content.Headers.ContentType?.MediaType != "text/event-stream")
                throw new UpstreamAnswerException($"The server answered {(int)answer.StatusCode} where its event stream should be.");
            await using Stream body = await answer.Content.ReadAsStreamAsync(_life.Token);
            await ReadAsync(body, named);
        }
        catch (Exception e)
        {
            cause = e;
        }

        End(cause);
        named.TrySetException(cause ?? new UpstreamAnswerException("The server's event stream ended before it named an address."));
    }

    private async Task ReadAsync(Stream body, TaskCompletionSource named)
    {
        using SseEventReader events = new();
        while (true)
        {
            int read = await events.ReadAsync(body, _life);
            events.Advance(read);
            while (events.TryRead(out ReadOnlyMemory<byte> @event))
            {
                ReadOnlyMemory<byte> data = SseEventReader.DataOf(@event);
                if (SseEventReader.TypeOf(@event.Span) == EndpointEvent && _postAddress is null)
                {
                    _postAddress = AddressFrom(data.Span);
                    named.TrySetResult();
                }
                else if (SseEventReader.IsMessage(@event.Span) && !data.IsEmpty)
                {
                    // A copy: it is read on while whoever asked still looks at it.
                    Deliver(UpstreamMessage.Read(data.ToArray()));
                }
            }

            if (events.PendingBytes > BodyPieces.LongestHeld) throw BodyPieces.TooLong(BodyPieces.LongestHeld);
            if (read == 0) return;
        }
    }

    /// <summary>The address that the stream names. On another origin it would receive the server's credential.</summary>
    private Uri AddressFrom(ReadOnlySpan<byte> data)
    {
        Uri url = Hop.Route.Server.Url;
        return Uri.TryCreate(url, Encoding.UTF8.GetString(data).Trim(), out Uri? address)
            && address.GetLeftPart(UriPartial.Authority) == url.GetLeftPart(UriPartial.Authority)
            ? address
            : throw new UpstreamAnswerException("The server names an address on another host for its messages.");
    }

    private void Deliver(UpstreamMessage message)
    {
        Channel<UpstreamMessage>? asker;
        lock (_gate)
        {
            string? key = message.IsAnswer ? Encoding.UTF8.GetString(message.Id.Span) : AskerOf(message);
            asker = key is null ? null : _asking.GetValueOrDefault(key);
        }

        if (asker is not null)
        {
            asker.Writer.TryWrite(message);
            if (message.IsAnswer) asker.Writer.TryComplete();
        }
        else if (!message.IsAnswer)
        {
            _unasked.Writer.TryWrite(message);
        }
    }

    /// <summary>
    /// Whose call a message in between belongs to. This transport does not say: progress names its token, which is the
    /// call's id where we chose it; of anything else only changes of lists and resources belong to no call.
    /// </summary>
    private string? AskerOf(UpstreamMessage message)
    {
        if (message.IsAboutChanges) return null;
        if (JsonEdit.Find(message.Json, "params", "progressToken") is { } token && _asking.ContainsKey(Encoding.UTF8.GetString(token.Span)))
            return Encoding.UTF8.GetString(token.Span);
        return _order.Count > 0 ? _order[^1] : null;
    }

    private void End(Exception? cause)
    {
        lock (_gate)
        {
            _isOver = true;
            foreach (Channel<UpstreamMessage> asker in _asking.Values)
                asker.Writer.TryComplete(cause is null or OperationCanceledException ? new IOException("The server's event stream ended.") : cause);
        }

        _unasked.Writer.TryComplete();
    }
}
