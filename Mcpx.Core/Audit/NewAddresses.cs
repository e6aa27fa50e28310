using System.Collections.Concurrent;
using System.Net;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Audit;

/// <summary>
/// Notes when a token or a service account is used from an address for the first time: that is how somebody learns of a
/// copy in other hands. A call only looks into a memory; who is not in it waits in a bounded queue, away from the call.
/// </summary>
public sealed partial class NewAddresses(IAdminEntryStore store, TimeProvider time, ILogger<NewAddresses> logger) : BackgroundService
{
    /// <summary>So many addresses of one credential are noted; a client that moves about more tells nobody anything.</summary>
    public const int MostPerCredential = 100;

    private const int MostRemembered = 20_000;
    private const int MostWaiting = 1_000;

    private readonly ConcurrentDictionary<Use, byte> _known = new();
    private readonly Channel<(AdminEntry Entry, Use Use)> _waiting = Channel.CreateBounded<(AdminEntry, Use)>(MostWaiting);
    private int _remembered;

    /// <summary>Of every use; costs a look into a dictionary.</summary>
    /// <param name="address">Null for work without a connection.</param>
    public void Note(Caller caller, IPAddress? address, string? userAgent)
    {
        if (address is null) return;
        Use use = new(caller.Token?.Value ?? caller.Principal.Id, address);
        if (_known.ContainsKey(use) || !_known.TryAdd(use, 0)) return;
        if (Interlocked.Increment(ref _remembered) > MostRemembered)
        {
            // What was forgotten is asked of the database again; the log does not get it twice.
            _known.Clear();
            Interlocked.Exchange(ref _remembered, 0);
        }

        // With a full queue it is forgotten until its next use.
        if (!_waiting.Writer.TryWrite((EntryOf(caller, address, userAgent), use))) _known.TryRemove(use, out _);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach ((AdminEntry entry, Use use) in _waiting.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                await store.AddFirstAsync(entry, MostPerCredential, stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                _known.TryRemove(use, out _);
                LogNotWritten(logger, e.Message);
            }
        }
    }

    private AdminEntry EntryOf(Caller caller, IPAddress address, string? userAgent)
    {
        DateTimeOffset now = Instant.Now(time);
        bool isToken = caller.Token is not null;
        UsedCredential credential = isToken ? new(UsedCredentialKind.Token, caller.Token!.Value.Value, caller.TokenName) : new(UsedCredentialKind.AccessToken);
        AuditSubject subject = isToken
            ? new AuditSubject(SubjectKinds.Token, caller.Token!.Value.Value, caller.TokenName ?? "")
            : new AuditSubject(SubjectKinds.ServiceAccount, caller.Principal.Id, caller.Principal.Name);
        AdminAction action = isToken ? AdminAction.TokenNewAddress : AdminAction.ServiceAccountNewAddress;
        return new AdminEntry(AdminEntryId.From(Guid.CreateVersion7(now)), now, caller.Organization, AuditActor.Of(caller.Principal),
            RequestOrigin.Of(credential, HostNetwork.Of(address), userAgent), action.Name, subject, Before: null, After: null);
    }

    [LoggerMessage(6221, LogLevel.Warning, "A credential's use from a new address could not be noted in the audit log: {Reason}. Its next use tries again.")]
    private static partial void LogNotWritten(ILogger logger, string reason);

    /// <param name="Credential">Of the token or the service account.</param>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Use(Guid Credential, IPAddress Address);
}
