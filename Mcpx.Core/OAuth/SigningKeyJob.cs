using Mcpx.Core.Jobs;

namespace Mcpx.Core.OAuth;

/// <summary>
/// Lets <see cref="SigningKeyRotation"/> look hourly: a key is published a day ahead, so that many turns may fail. A fresh
/// installation doesn't wait for it: who signs first makes the first key, see <see cref="SigningKeys.SignAsync"/>.
/// </summary>
public sealed class SigningKeyJob(SigningKeyRotation rotation) : IJob
{
    public string Name => "rotate-signing-keys";

    public TimeSpan Every { get; } = TimeSpan.FromHours(1);

    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        SigningKeyChange change = await rotation.RunAsync(cancellationToken);
        return $"{change.Added.Count} made, {change.Removed.Count} taken away.";
    }
}
