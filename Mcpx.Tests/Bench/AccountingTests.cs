using System.Diagnostics;
using Mcpx.Bench.Accounting;
using Mcpx.Bench.Processes;
using Mcpx.Bench.Upstream;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Bench;

/// <summary>The meters against what the runtime says of the same process.</summary>
public sealed class AccountingTests
{
    [Fact]
    public void The_process_clock_agrees_with_the_runtimes_own_accounting()
    {
        // The runtime may read clock ticks of 10 ms.
        var tick = TimeSpan.FromMilliseconds(20);
        using var self = Process.GetCurrentProcess();

        var before = self.TotalProcessorTime;
        var clock = TimeSpan.FromMicroseconds(Native.CpuNanoseconds(Environment.ProcessId)!.Value / 1000.0);
        self.Refresh();

        clock.ShouldBeInRange(before - tick, self.TotalProcessorTime + tick);
    }

    [Fact]
    public async Task A_process_of_the_run_tells_its_heap_and_what_it_allocated()
    {
        var child = ChildProcess.StartRole(UpstreamHost.Role, "secret");
        await child.ReadyAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        var id = child.Id;

        var first = await RuntimeProbe.ReadAsync(id, collect: false, TestContext.Current.CancellationToken);
        var collected = await RuntimeProbe.ReadAsync(id, collect: true, TestContext.Current.CancellationToken);

        first.ShouldNotBeNull().Allocated.ShouldBeGreaterThan(0);
        collected.ShouldNotBeNull().Allocated.ShouldBeGreaterThanOrEqualTo(first.Allocated);
        collected.Heap.ShouldBeInRange(1, first.Allocated);
        await child.DisposeAsync();

        (await RuntimeProbe.ReadAsync(id, collect: false, TestContext.Current.CancellationToken)).ShouldBeNull();
    }

    [Fact]
    public async Task A_child_is_in_the_tree_while_it_runs_and_reads_as_gone_afterwards()
    {
        var child = ChildProcess.StartRole(UpstreamHost.Role, "secret");
        await child.ReadyAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        var id = child.Id;

        ProcessFiles.Tree(Environment.ProcessId).ShouldContain(id);
        ProcessFiles.ResidentBytes(id).ShouldNotBeNull().ShouldBeGreaterThan(1_000_000);
        ProcessFiles.ProportionalBytes(id).ShouldNotBeNull().ShouldBeGreaterThan(1_000_000);
        await child.DisposeAsync();

        ProcessFiles.Tree(Environment.ProcessId).ShouldNotContain(id);
        ProcessFiles.ResidentBytes(id).ShouldBeNull();
        Native.CpuNanoseconds(id).ShouldBeNull();
    }
}
