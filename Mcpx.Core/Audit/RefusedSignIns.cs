using System.Net;
using System.Text.Json;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Audit;

/// <summary>
/// Notes sign-ins that were refused in the installation's log: who has not come in belongs to no organisation. Anybody may
/// be refused as often as they like, so this must not become somebody's way to fill the disk: the first refusal of its
/// kind in an hour is written at once, more of the same are counted and written as one, and beyond
/// <see cref="MostKinds"/> kinds they are counted together.
/// </summary>
public sealed partial class RefusedSignIns(IAdminEntryStore store, TimeProvider time, ILogger<RefusedSignIns> logger) : BackgroundService
{
    /// <summary>Provider, reason and address make a kind.</summary>
    public const int MostKinds = 100;

    private static readonly Kind Others = new("", "Several", "");

    private readonly Lock _gate = new();
    private Dictionary<Kind, Repeats> _seen = [];

    /// <summary>How long more of the same are counted before they are written.</summary>
    public static TimeSpan Window { get; } = TimeSpan.FromHours(1);

    /// <param name="provider">The provider's name, or <c>link</c>.</param>
    /// <param name="reason">One word.</param>
    public async Task NoteAsync(string provider, string reason, RequestOrigin origin)
    {
        Kind kind = new(provider, reason, NetworkOf(origin.Address));
        lock (_gate)
        {
            if (!_seen.ContainsKey(kind) && _seen.Count >= MostKinds)
            {
                kind = Others;
                origin = origin with { Address = null, UserAgent = null };
            }

            if (_seen.TryGetValue(kind, out Repeats? repeats))
            {
                repeats.Times++;
                return;
            }

            _seen[kind] = new Repeats(origin);
        }

        await WriteAsync(kind, origin, 1);
    }

    /// <summary>Writes what was counted, and begins to count anew.</summary>
    public async Task FlushAsync()
    {
        Dictionary<Kind, Repeats> seen;
        lock (_gate)
            (seen, _seen) = (_seen, []);
        foreach ((Kind kind, Repeats repeats) in seen.Where(s => s.Value.Times > 0))
            await WriteAsync(kind, repeats.Origin, repeats.Times);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Window, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await FlushAsync();
        }
        finally
        {
            await FlushAsync();
        }
    }

    private async Task WriteAsync(Kind kind, RequestOrigin origin, int times)
    {
        DateTimeOffset now = Instant.Now(time);
        AdminEntry entry = new(AdminEntryId.From(Guid.CreateVersion7(now)), now, Organization: null, AuditActor.Nobody, origin, AdminAction.SessionRefused.Name,
            new AuditSubject(SubjectKinds.Session, Id: null, kind.Provider), Before: null, JsonSerializer.Serialize(new { reason = JsonNamingPolicy.CamelCase.ConvertName(kind.Reason), times }));
        try
        {
            await store.AddAsync(entry, CancellationToken.None);
        }
        catch (Exception e)
        {
            // It was refused all the same.
            LogNotWritten(logger, times, kind.Provider, e.Message);
        }
    }

    private static string NetworkOf(string? address) => IPAddress.TryParse(address, out IPAddress? parsed) ? HostNetwork.Of(parsed) : address ?? "";

    [LoggerMessage(6220, LogLevel.Warning, "{Times} refused sign-ins with {Provider} could not be noted in the audit log: {Reason}")]
    private static partial void LogNotWritten(ILogger logger, int times, string provider, string reason);

    private sealed record Kind(string Provider, string Reason, string Network);

    /// <param name="Origin">Of the first.</param>
    private sealed record Repeats(RequestOrigin Origin)
    {
        /// <summary>Beyond the first.</summary>
        public int Times { get; set; }
    }
}
