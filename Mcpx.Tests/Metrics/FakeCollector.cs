using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Mcpx.Tests.Metrics;

/// <summary>A span as it was exported.</summary>
/// <param name="Kind">1 internal, 2 server, 3 client.</param>
/// <param name="Status">0 unset, 1 ok, 2 error.</param>
internal sealed record SeenSpan(string Trace, string Id, string Parent, string Name, int Kind, int Status, IReadOnlyDictionary<string, string> Tags, string Service);

/// <summary>A collector of OTLP over HTTP that keeps what it is sent.</summary>
internal sealed class FakeCollector : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeCollector(WebApplication app) => _app = app;

    public ConcurrentQueue<(string Path, string? Key, byte[] Body)> Requests { get; } = new();

    public Uri Url => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    public IEnumerable<SeenSpan> Spans => Requests.Where(r => r.Path == "/v1/traces").SelectMany(r => SpansIn(r.Body));

    public static async Task<FakeCollector> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var collector = new FakeCollector(app);
        app.Run(async http =>
        {
            using MemoryStream body = new();
            await http.Request.Body.CopyToAsync(body);
            collector.Requests.Enqueue((http.Request.Path, http.Request.Headers["X-Collector-Key"], body.ToArray()));
        });
        await app.StartAsync();
        return collector;
    }

    public bool Has(string path, string text) => Requests.Any(r => r.Path == path && r.Body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    // The numbers are those of opentelemetry/proto/trace/v1/trace.proto.
    private static IEnumerable<SeenSpan> SpansIn(byte[] body)
    {
        foreach (var resource in ProtoMessage.Read(body).Messages(1))
        {
            var service = TagsOf(resource.Messages(1).Single().Messages(1)).GetValueOrDefault("service.name", "");
            foreach (var span in resource.Messages(2).SelectMany(scope => scope.Messages(2)))
            {
                yield return new SeenSpan(Hex(span.Bytes(1)), Hex(span.Bytes(2)), Hex(span.Bytes(4)), Encoding.UTF8.GetString(span.Bytes(5)), (int)span.Number(6),
                    (int)(span.Messages(15).FirstOrDefault()?.Number(3) ?? 0), TagsOf(span.Messages(9)), service);
            }
        }
    }

    private static Dictionary<string, string> TagsOf(IEnumerable<ProtoMessage> pairs) => pairs.ToDictionary(p => Encoding.UTF8.GetString(p.Bytes(1)), p => p.Messages(2).Single() is var value && value.Has(1)
        ? Encoding.UTF8.GetString(value.Bytes(1))
        : value.Number(value.Has(2) ? 2 : 3).ToString(System.Globalization.CultureInfo.InvariantCulture));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}

/// <summary>Just enough of Protocol Buffers to read what an exporter writes.</summary>
internal sealed class ProtoMessage
{
    private readonly List<(int Field, long Number, byte[]? Bytes)> _fields = [];

    public static ProtoMessage Read(byte[] bytes)
    {
        ProtoMessage message = new();
        for (var at = 0; at < bytes.Length;)
        {
            var key = Varint(bytes, ref at);
            switch (key & 7)
            {
                case 0:
                    message._fields.Add(((int)(key >> 3), Varint(bytes, ref at), null));
                    break;
                case 1:
                    message._fields.Add(((int)(key >> 3), BitConverter.ToInt64(bytes, at), null));
                    at += 8;
                    break;
                case 2:
                    var length = (int)Varint(bytes, ref at);
                    message._fields.Add(((int)(key >> 3), 0, bytes[at..(at + length)]));
                    at += length;
                    break;
                case 5:
                    message._fields.Add(((int)(key >> 3), BitConverter.ToInt32(bytes, at), null));
                    at += 4;
                    break;
                default:
                    throw new FormatException($"Wire type {key & 7}.");
            }
        }

        return message;
    }

    public bool Has(int field) => _fields.Any(f => f.Field == field);

    public long Number(int field) => _fields.LastOrDefault(f => f.Field == field).Number;

    public byte[] Bytes(int field) => _fields.LastOrDefault(f => f.Field == field).Bytes ?? [];

    public IEnumerable<ProtoMessage> Messages(int field) => _fields.Where(f => f.Field == field).Select(f => Read(f.Bytes!));

    private static long Varint(byte[] bytes, ref int at)
    {
        long value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var piece = bytes[at++];
            value |= (long)(piece & 0x7f) << shift;
            if (piece < 0x80) return value;
        }
    }
}
