using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;
using Microsoft.Extensions.Logging;

namespace Mcpx.Core.Gateways;

/// <summary>The lists that clients are told the change of. Resource templates are told with the resources.</summary>
[Flags]
public enum CatalogKinds
{
    None = 0,
    Tools = 1,
    Prompts = 2,
    Resources = 4,
}

/// <summary>A server's lists are not what they were.</summary>
public sealed record CatalogChange(OrganizationId Organization, ServerId Server, CatalogKinds Kinds);

/// <summary>Finds what changed and tells whom it concerns.</summary>
internal sealed partial class CatalogChanges(ILogger logger)
{
    private readonly Lock _gate = new();
    private Subscription[] _subscriptions = [];

    public IDisposable Subscribe(OrganizationId organization, Action<CatalogChange> onChange)
    {
        Subscription subscription = new(this, organization, onChange);
        lock (_gate) _subscriptions = [.. _subscriptions, subscription];
        return subscription;
    }

    public void Publish(CatalogChange change)
    {
        if (change.Kinds is CatalogKinds.None) return;
        foreach (Subscription subscription in Volatile.Read(ref _subscriptions).Where(s => s.Organization == change.Organization))
        {
            try
            {
                subscription.OnChange(change);
            }
            catch (Exception e)
            {
                // One client's trouble must not keep the news from the next.
                LogListenerFailed(logger, e);
            }
        }
    }

    /// <summary>Byte by byte: a list that was only written in another way counts as another one.</summary>
    /// <param name="before">Null when there was none, which is like an empty one.</param>
    public static CatalogKinds Between(ServerCatalog? before, ServerCatalog after)
    {
        CatalogKinds kinds = CatalogKinds.None;
        if (!AreSame(before?.Tools, after.Tools)) kinds |= CatalogKinds.Tools;
        if (!AreSame(before?.Prompts, after.Prompts)) kinds |= CatalogKinds.Prompts;
        if (!AreSame(before?.Resources, after.Resources) || !AreSame(before?.ResourceTemplates, after.ResourceTemplates)) kinds |= CatalogKinds.Resources;
        return kinds;
    }

    private static bool AreSame(IReadOnlyList<CatalogItem>? before, IReadOnlyList<CatalogItem> after)
    {
        if ((before?.Count ?? 0) != after.Count) return false;
        for (int at = 0; at < after.Count; at++)
        {
            if (before![at].Key != after[at].Key || !before[at].Json.Span.SequenceEqual(after[at].Json.Span)) return false;
        }

        return true;
    }

    [LoggerMessage(1321, LogLevel.Error, "Telling a client that a list changed failed.")]
    private static partial void LogListenerFailed(ILogger logger, Exception exception);

    private sealed class Subscription(CatalogChanges changes, OrganizationId organization, Action<CatalogChange> onChange) : IDisposable
    {
        public OrganizationId Organization => organization;

        public Action<CatalogChange> OnChange => onChange;

        public void Dispose()
        {
            lock (changes._gate) changes._subscriptions = [.. changes._subscriptions.Where(s => !ReferenceEquals(s, this))];
        }
    }
}
