namespace Mcpx.Core.Proxy;

public delegate ValueTask ProxyStep(ProxyContext context);

/// <summary>One station on a call's path. It refuses by <see cref="ProxyContext.Refuse"/> and not calling the next.</summary>
public interface IProxyFilter
{
    ValueTask InvokeAsync(ProxyContext context, ProxyStep next);
}

/// <summary>The path of a call, in order.</summary>
public sealed class ProxyPipeline
{
    private readonly ProxyStep _start;

    public ProxyPipeline(IEnumerable<IProxyFilter> filters)
    {
        Dictionary<Type, IProxyFilter> byType = filters.ToDictionary(f => f.GetType());
        ProxyStep step = _ => ValueTask.CompletedTask;
        foreach (Type type in Order.Reverse())
        {
            IProxyFilter filter = byType[type];
            ProxyStep next = step;
            step = context => filter.InvokeAsync(context, next);
        }

        _start = step;
    }

    /// <summary>Record wraps all, so that a refusal leaves the same trace as a success.</summary>
    public static IReadOnlyList<Type> Order { get; } =
    [
        typeof(RecordFilter),
        typeof(AuthenticateFilter),
        typeof(ResolveFilter),
        typeof(GovernFilter),
        typeof(LimitFilter),
        typeof(InjectFilter),
        typeof(AnnounceFilter),
        typeof(ForwardFilter),
    ];

    public ValueTask InvokeAsync(ProxyContext context) => _start(context);
}
