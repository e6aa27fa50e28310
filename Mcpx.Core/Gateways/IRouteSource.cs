namespace Mcpx.Core.Gateways;

/// <summary>Where the current routes come from: whoever keeps the snapshot stands behind all capabilities.</summary>
public interface IRouteSource
{
    GatewaySnapshot Routes { get; }

    /// <summary>Calls <paramref name="onChange"/> after each swap of the routes; it returns at once.</summary>
    void OnRoutesChanged(Action onChange);

    /// <summary>How the snapshot in use came to be.</summary>
    SnapshotBuild Built => SnapshotBuild.None;
}

/// <summary>How a snapshot came to be.</summary>
/// <param name="Version">Counts the snapshots of this replica; 0 before the first.</param>
/// <param name="At">When it was made; null before the first.</param>
/// <param name="Took">Reading and compiling it.</param>
public sealed record SnapshotBuild(long Version, DateTimeOffset? At, TimeSpan Took)
{
    public static SnapshotBuild None { get; } = new(0, null, TimeSpan.Zero);
}
