using System.IO.Pipelines;
using System.Text;
using Mcpx.Core.Gateways;
using Mcpx.Core.Governance;
using Mcpx.Core.Proxy;
using Mcpx.Core.Proxy.Bridge;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Servers;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

/// <summary>Streams on which nothing is said for long: proxies and clients drop a silent connection, and configuration changes meanwhile.</summary>
public sealed class KeepAliveTests
{
    private const string Event = "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n\n";
    private const string KeepAlive = ": keep-alive\n\n";

    private readonly TestClock _clock = new();
    private readonly Heard _heard = new();
    private readonly CancellationTokenSource _gone = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    [Fact]
    public async Task A_relayed_stream_is_kept_open_and_follows_the_configuration()
    {
        var newest = new ProxySnapshot(GatewaySnapshot.Empty, GovernanceSnapshot.Empty);
        var context = Standing(() => newest);
        var body = new Pipe();
        using var deadline = CallDeadline.ForStream(_clock, Probes.Server(new Uri("http://127.0.0.1/mcp")), _gone.Token);

        var relaying = new EventRelay(_clock).RelayAsync(context, body.Reader.AsStream(), [], deadline);
        await UntilAsync(KeepAlive);
        context.Snapshot.ShouldBeSameAs(newest);
        await body.Writer.WriteAsync(Encoding.UTF8.GetBytes(Event), _gone.Token);
        await UntilAsync(Event);
        await body.Writer.CompleteAsync();
        await relaying;
    }

    [Fact]
    public async Task A_keep_alive_that_fails_ends_the_reading_before_its_memory_goes_back()
    {
        var body = new Pipe();
        using var deadline = CallDeadline.ForStream(_clock, Probes.Server(new Uri("http://127.0.0.1/mcp")), _gone.Token);
        var relaying = new EventRelay(_clock).RelayAsync(Standing(), body.Reader.AsStream(), [], deadline);
        await UntilAsync(KeepAlive);

        _heard.Fails = () => new IOException("The connection is gone.");
        await AdvanceUntilAsync(() => relaying.IsCompleted);

        await Should.ThrowAsync<IOException>(() => relaying);
        deadline.Token.IsCancellationRequested.ShouldBeTrue();
    }

    [Fact]
    public async Task A_client_that_leaves_at_a_keep_alive_has_left_and_nothing_else_is_wrong()
    {
        var context = Standing();
        var answer = new ClientAnswer(context, _clock);
        await answer.OpenStreamAsync(_gone.Token);
        _heard.Fails = () =>
        {
            _gone.Cancel();
            return new OperationCanceledException(_gone.Token);
        };

        var listening = ListenAsync(answer);
        await AdvanceUntilAsync(() => listening.IsCompleted);

        // An enumerator that is disposed of while it moves says that this is not supported, instead.
        await Should.ThrowAsync<OperationCanceledException>(() => listening);
    }

    private async Task ListenAsync(ClientAnswer answer)
    {
        await using var messages = SilenceAsync().GetAsyncEnumerator(_gone.Token);
        while (await answer.WaitAsync(messages.MoveNextAsync(), _gone.Token)) Assert.Fail("nothing is said");
    }

    private async IAsyncEnumerable<int> SilenceAsync()
    {
        try
        {
            await Task.Delay(Timeout.Infinite, _gone.Token);
        }
        finally
        {
            // Later than whoever listens hears of it.
            await Task.Delay(50, CancellationToken.None);
        }

        yield break;
    }

    private ProxyContext Standing(Func<ProxySnapshot>? newest = null)
    {
        var context = new ProxyContext
        {
            Endpoint = new EndpointAddress("acme", IsGateway: false, "crm", "/mcp/acme/server/crm"),
            Verb = ProxyVerb.Stream,
            Body = [],
            Response = _heard,
            Snapshot = ProxySnapshot.Empty,
            Newest = newest,
            ClientGone = _gone.Token,
        };
        context.Progress.Settle = () => ValueTask.CompletedTask;
        return context;
    }

    private Task UntilAsync(string text) => AdvanceUntilAsync(() => _heard.Text.Contains(text, StringComparison.Ordinal));

    /// <summary>Time passes until it is so: a timer may be made a little later than it is waited for.</summary>
    private async Task AdvanceUntilAsync(Func<bool> condition) => await Eventually.TrueAsync(
        () =>
        {
            if (condition()) return true;
            _clock.Advance(TimeSpan.FromSeconds(15));
            return condition();
        }, "it is so", TestContext.Current.CancellationToken);

    private sealed class Heard : IProxyResponse
    {
        private readonly Lock _gate = new();
        private string _text = "";

        public Func<Exception>? Fails { get; set; }

        public bool HasStarted { get; private set; }

        public long FirstByteAt => 0;

        public string Text
        {
            get
            {
                lock (_gate) return _text;
            }
        }

        public void Start(int status, string? contentType, long? length, IReadOnlyList<KeyValuePair<string, string>> headers) => HasStarted = true;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
        {
            if (Fails is not null) return ValueTask.FromException(Fails());
            lock (_gate) _text += Encoding.UTF8.GetString(data.Span);
            return ValueTask.CompletedTask;
        }

        public ValueTask FinishAsync(ReadOnlyMemory<byte> data) => WriteAsync(data, CancellationToken.None);

        public void Abort()
        {
        }
    }
}
