namespace Mcpx.Core.Gateways;

/// <summary>Where the current routes come from: whoever keeps the snapshot stands behind all capabilities.</summary>
public interface IRouteSource
{
    GatewaySnapshot Routes { get; }

    /// <summary>Calls <paramref name="onChange"/> after each swap of the routes; it returns at once.</summary>
    void OnRoutesChanged(Action onChange);
}
