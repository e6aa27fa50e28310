using Mcpx.Core.Identity;

namespace Mcpx.Core.OAuth;

/// <summary>Asks the directory that knows credentials of this form.</summary>
public sealed class CallerLookup(CallerDirectory personal, AccessTokenCallers services) : ICallerDirectory
{
    public ValueTask<Caller?> FindAsync(string token, CancellationToken cancellationToken) =>
        // Ours begin with mcpx_, and every JWT with the base64 of {".
        token.StartsWith("ey", StringComparison.Ordinal) ? services.FindAsync(token, cancellationToken) : personal.FindAsync(token, cancellationToken);
}
