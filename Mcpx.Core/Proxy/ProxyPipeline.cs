using System.Diagnostics;

namespace Mcpx.Core.Proxy;

public delegate ValueTask ProxyStep(ProxyContext context);

/// <summary>One station on a call's path. It refuses by <see cref="ProxyContext.Refuse"/> and not calling the next. What it returns is awaited once.</summary>
public interface IProxyFilter
{
    ValueTask InvokeAsync(ProxyContext context, ProxyStep next);
}

/// <summary>The path of a call, in order.</summary>
public sealed class ProxyPipeline
{
    private readonly ProxyStep _start;
    private readonly CallTracing _tracing;

    public ProxyPipeline(IEnumerable<IProxyFilter> filters, CallTracing tracing)
    {
        _tracing = tracing;
        Dictionary<Type, IProxyFilter> byType = filters.ToDictionary(f => f.GetType());
        ProxyStep step = _ => ValueTask.CompletedTask;
        foreach (Type type in Order.Reverse())
        {
            IProxyFilter filter = byType[type];
            ProxyStep next = step;
            string stage = type.Name.Replace("Filter", "", StringComparison.Ordinal).ToLowerInvariant();
            // Recording is around the others; its span is made where it records.
            step = type == typeof(RecordFilter)
                ? context => filter.InvokeAsync(context, next)
                : context => context.Trace is null ? filter.InvokeAsync(context, next) : StageAsync(stage, filter, context, next);
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

    public ValueTask InvokeAsync(ProxyContext context) => _tracing.IsOn ? TracedAsync(context) : _start(context);

    private async ValueTask TracedAsync(ProxyContext context)
    {
        if ((context.Trace = _tracing.BeginCall(context)) is not { } span)
        {
            await _start(context);
            return;
        }

        try
        {
            await _start(context);
        }
        finally
        {
            CallTracing.EndCall(context, span);
        }
    }

    /// <summary>The stage's span ends when the next stage begins, so that the spans stand beside each other and each shows its own time.</summary>
    private async ValueTask StageAsync(string stage, IProxyFilter filter, ProxyContext context, ProxyStep next)
    {
        using Activity? span = _tracing.BeginStage(context, stage);
        await filter.InvokeAsync(context, onwards =>
        {
            span?.Stop();
            return next(onwards);
        });
        if (span is { IsStopped: false } && context.Refusal is not null) span.SetStatus(ActivityStatusCode.Error);
    }
}
