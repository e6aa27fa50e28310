using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.Logging;

namespace Mcpx.Data.Identity;

internal sealed class TokenUseWriter(CallerDirectory callers, ITokenStore store, ILogger<TokenUseWriter> logger, TimeProvider time)
    : UseWriter<TokenId>("tokens", logger, time)
{
    protected override IReadOnlyDictionary<TokenId, DateTimeOffset> TakeUses() => callers.TakeUses();

    protected override Task TouchAsync(IReadOnlyDictionary<TokenId, DateTimeOffset> uses, CancellationToken cancellationToken) =>
        store.TouchAsync(uses, cancellationToken);
}

internal sealed class SessionUseWriter(SessionDirectory sessions, ISessionStore store, ILogger<SessionUseWriter> logger, TimeProvider time)
    : UseWriter<SessionId>("sessions", logger, time)
{
    protected override IReadOnlyDictionary<SessionId, DateTimeOffset> TakeUses() => sessions.TakeUses();

    protected override Task TouchAsync(IReadOnlyDictionary<SessionId, DateTimeOffset> uses, CancellationToken cancellationToken) =>
        store.TouchAsync(uses, cancellationToken);
}
