using Mcpx.Core.Calls;
using Mcpx.Core.Jobs;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Mcpx.Tests.Metrics;

/// <summary>Calls whose figures are known, put on record beside the gateway.</summary>
internal static class MetricCalls
{
    /// <summary>A minute's beginning, a while ago.</summary>
    public static DateTimeOffset MinutesAgo(int minutes)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return now.AddTicks(-(now.UtcTicks % TimeSpan.TicksPerMinute)).AddMinutes(-minutes);
    }

    public static CallRecord Call(DateTimeOffset time, string server, string slug, CallOutcome outcome = CallOutcome.Ok, double milliseconds = 10, string tool = "pay", Guid? user = null) =>
        DataHost.NewCall(default, time) with
        {
            Server = ServerId.From(Guid.Parse(server)), ServerSlug = slug, Method = "tools/call", Tool = tool, UpstreamTool = tool, Outcome = outcome,
            User = user is { } who ? UserId.From(who) : null, RequestBytes = 100, ResponseBytes = 1000,
            TotalMicroseconds = (long)(milliseconds * 1000), UpstreamMicroseconds = (long)(milliseconds * 900),
        };

    /// <summary>Calls of a while ago come late for what is rolled up already, and are seen once it is done anew.</summary>
    public static async Task WriteAsync(this GatewayFixture gateway, params CallRecord[] calls)
    {
        CancellationToken cancelled = TestContext.Current.CancellationToken;
        await gateway.Services.GetRequiredService<ICallStore>().WriteAsync([.. calls.Select(c => c with { Organization = gateway.Owner.Organization })], cancelled);
        foreach (IJob job in gateway.Services.GetServices<IJob>().Where(j => j.Name == "roll-up-metrics")) await job.RunAsync(cancelled);
    }
}
