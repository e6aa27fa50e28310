using System.Net;
using System.Security.Cryptography;
using Mcpx.Core.Audit;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Credentials;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Calls.Streaming;

/// <summary>A log stream as it shall be: to a webhook's address, or to a host that takes syslog.</summary>
/// <param name="Authorization">The value of the header; null for a webhook whose requests are signed.</param>
/// <param name="Query">Which calls, as in an address; empty or null for all.</param>
/// <param name="Entries">With what administrators change: the audit log's entries.</param>
public sealed record NewLogStream(
    string? Name, string? Url = null, Secret? Authorization = null, string? Host = null, int? Port = null, bool Tls = true, string? Query = null, bool Payloads = false, bool Entries = false);

/// <param name="SigningKey">What the webhook checks signatures with: seen now and never again. Null where nothing is signed.</param>
public sealed record IssuedLogStream(LogStream Stream, Secret? SigningKey);

/// <param name="Text">How it went, in words.</param>
public sealed record LogTestResult(bool Taken, string Text);

/// <summary>
/// The one door to log streams. They carry everything away that an organisation records, so an Owner sets them up, and each
/// is seen by Owners only.
/// </summary>
public sealed class LogStreamAdmin(
    ILogStreamStore store, LogStreamVault vault, CallQueries queries, LogTargets targets, IAdminEntryStore entries, ConnectionTestLimit tests, TimeProvider time)
{
    public const int MostStreams = 10;

    /// <summary>Of syslog over TLS (RFC 5425, section 4.1).</summary>
    public const int UsualPort = 6514;

    /// <summary>What a signing key begins with (Standard Webhooks 1.0).</summary>
    public const string KeyPrefix = "whsec_";

    private const int KeyBytes = 32;
    private const int LongestAuthorization = 2048;
    private const int LongestHost = 253;

    /// <exception cref="RefusalException">Not allowed.</exception>
    public Task<IReadOnlyList<LogStreamReport>> ListAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        return store.ListAsync(actor.Organization, cancellationToken);
    }

    /// <summary>It begins with the call that is recorded next.</summary>
    /// <exception cref="RefusalException">Not allowed, wrong, taken, or too many.</exception>
    public async Task<IssuedLogStream> CreateAsync(Actor actor, NewLogStream input, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        // A stream is a way to read the log: who may not read it gets none of it this way either.
        if (input.Entries) actor.Demand(Permission.ViewAuditLog);
        InputCheck check = new();
        check.Slug(input.Name, "name").Require(input.Url is null != (input.Host is null), "url", "Name a webhook's address, or a host that takes syslog.");
        LogTarget? target = input.Host is null ? CheckWebhook(check, input) : CheckSyslog(check, input);
        CallQuery query = KeptQuery.Check(check, input.Query, "A stream begins now and has no end: leave range, from and to out.");
        check.ThrowIfWrong();

        LogStreamId id = EntityId.New<LogStreamId>(time);
        Secret? key = target is LogTarget.Webhook { Authentication: WebhookAuthentication.Signature }
            ? new Secret(KeyPrefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes))) : null;
        Secret? secret = key ?? input.Authorization;
        string kept = (await queries.ResolveAsync(actor, query, cancellationToken)).ToText();
        LogStream stream = new(id, actor.Organization, input.Name!, target!, secret is null ? null : vault.Seal(actor.Organization, id, secret), secret?.Hint(), kept,
            input.Payloads, Instant.Now(time), new LogStreamProgress(0, 0, null, null, null)) { Entries = input.Entries };
        AdminChange change = AdminChange.By(actor, AdminAction.LogStreamCreate, SubjectKinds.LogStream, id.Value, time);
        LogStream made = await store.AddAsync(stream, MostStreams, change, cancellationToken)
            ?? throw new RefusalException.Conflict("name", $"An organisation has at most {MostStreams} log streams.");
        return new IssuedLogStream(made, key);
    }

    /// <summary>What is under way at that moment may still arrive.</summary>
    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task DeleteAsync(Actor actor, LogStreamId id, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        AdminChange change = AdminChange.By(actor, AdminAction.LogStreamDelete, SubjectKinds.LogStream, id.Value, time);
        if (!await store.DeleteAsync(actor.Organization, id, change, cancellationToken)) throw new RefusalException.NotFound("log stream");
    }

    /// <summary>Nothing is sent from now on, but for a batch that is under way; what waits is sent when it goes on.</summary>
    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public Task PauseAsync(Actor actor, LogStreamId id, CancellationToken cancellationToken) => PauseAsync(actor, id, Instant.Now(time), AdminAction.LogStreamPause, cancellationToken);

    /// <summary>It goes on from where it stood.</summary>
    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public Task ResumeAsync(Actor actor, LogStreamId id, CancellationToken cancellationToken) => PauseAsync(actor, id, null, AdminAction.LogStreamResume, cancellationToken);

    /// <summary>Sends a message that is about nothing, the way that calls go, and says how that went; also while it is paused.</summary>
    /// <exception cref="RefusalException">Not allowed, not there, or too often.</exception>
    public async Task<LogTestResult> TestAsync(Actor actor, LogStreamId id, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        LogStream stream = await store.FindAsync(actor.Organization, id, cancellationToken) ?? throw new RefusalException.NotFound("log stream");
        tests.Take(actor.Organization);
        await entries.NoteAsync(AdminChange.By(actor, AdminAction.LogStreamTest, SubjectKinds.LogStream, id.Value, time), new AuditView(stream.Name).With("target", stream.Target.Address), cancellationToken);
        try
        {
            await using ILogTarget target = targets.Open(stream);
            await target.SendAsync(LogMessage.Test(stream, Instant.Now(time)), cancellationToken);
        }
        catch (LogTargetException e)
        {
            return new LogTestResult(false, e.Message);
        }

        return new LogTestResult(true, stream.Target is LogTarget.Webhook ? "The webhook took the test message." : "The syslog server took the test message.");
    }

    private async Task PauseAsync(Actor actor, LogStreamId id, DateTimeOffset? pausedAt, AdminAction action, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        AdminChange change = AdminChange.By(actor, action, SubjectKinds.LogStream, id.Value, time);
        if (!await store.PauseAsync(actor.Organization, id, pausedAt, change, cancellationToken)) throw new RefusalException.NotFound("log stream");
    }

    private static LogTarget.Webhook? CheckWebhook(InputCheck check, NewLogStream input)
    {
        Uri? url = OutboundUrl.Check(check, input.Url, "url");
        check.Require(input.Url is null || !string.IsNullOrWhiteSpace(input.Url), "url", "The webhook's address is required.");
        string header = input.Authorization?.Reveal() ?? "";
        // A line break in it would begin a header of the sender's own.
        check.Require(input.Authorization is null || header.Trim().Length > 0 && header.Length <= LongestAuthorization && header.All(c => c is >= ' ' and <= '~'), "authorization",
            "Use the header's whole value in ASCII, e.g. Bearer …, or leave it out and check signatures.");
        return url is null ? null : new LogTarget.Webhook(url, input.Authorization is null ? WebhookAuthentication.Signature : WebhookAuthentication.Authorization);
    }

    private static LogTarget.Syslog CheckSyslog(InputCheck check, NewLogStream input)
    {
        string host = input.Host!.Trim();
        int port = input.Port ?? UsualPort;
        bool isHost = host.Length is > 0 and <= LongestHost && (IPAddress.TryParse(host, out _) || Uri.CheckHostName(host) is UriHostNameType.Dns && host.All(char.IsAscii));
        check.Require(isHost, "host", "Use a host's name, such as logs.example.com, or its address.")
            .Require(port is > 0 and <= 65535, "port", "Use a port from 1 to 65535.")
            .Require(input.Authorization is null, "authorization", "Syslog knows no such header.");
        return new LogTarget.Syslog(host.ToLowerInvariant(), port, input.Tls);
    }
}
