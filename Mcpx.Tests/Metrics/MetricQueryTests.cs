using Mcpx.Core.Metrics;
using Mcpx.Web.Dashboard.Metrics;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Metrics;

/// <summary>What an address says of figures.</summary>
public sealed class MetricQueryTests
{
    [Fact]
    public void An_address_says_what_was_put_into_it()
    {
        MetricQuery query = new("crm", "front desk", "find&pay=", Guid.Empty.ToString("D"), "tools/call", "6h", "2026-01-31T09:00:00Z", "2026-01-31T10:00:00+01:00", "5m");

        MetricQuery.Parse(Reader(query.ToText())).ShouldBe(query);
        new MetricQuery().ToText().ShouldBeEmpty();
        new MetricQuery().IsFiltered.ShouldBeFalse();
        query.EndsNow.ShouldBeFalse();
    }

    [Fact]
    public void Blanks_are_nothing() => MetricQuery.Parse(name => name == "tool" ? "  pay " : " ").ShouldBe(new MetricQuery(Tool: "pay"));

    [Theory]
    [InlineData("server", MetricDimension.Server)]
    [InlineData("Tool", MetricDimension.Tool)]
    [InlineData("caller", MetricDimension.Caller)]
    [InlineData("organization", null)]
    [InlineData("1", null)]
    [InlineData("server,tool", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void Dimensions_are_words(string? word, MetricDimension? meant) => MetricQueries.DimensionOf(word).ShouldBe(meant);

    [Theory]
    [InlineData("calls", MetricOrder.Calls)]
    [InlineData("errorRate", MetricOrder.ErrorRate)]
    [InlineData("P95", MetricOrder.P95)]
    [InlineData("3", null)]
    [InlineData("-1", null)]
    [InlineData("fastest", null)]
    public void Orders_are_words(string? word, MetricOrder? meant) => MetricQueries.OrderOf(word).ShouldBe(meant);

    [Theory]
    [InlineData("", MetricDimension.Server, MetricOrder.Calls, "")]
    [InlineData("by=tool&order=p95&range=6h", MetricDimension.Tool, MetricOrder.P95, "range=6h&by=tool&order=p95")]
    [InlineData("by=nothing&order=7", MetricDimension.Server, MetricOrder.Calls, "")]
    public void A_view_is_its_address(string address, MetricDimension by, MetricOrder order, string again)
    {
        MetricsView view = MetricsView.Parse(Reader(address));

        (view.By, view.Order, view.ToText()).ShouldBe((by, order, again));
        view.Over("24h").Query.Range.ShouldBeNull();
        view.Over(null, "a", "b").Query.ShouldBe(view.Query with { Range = null, From = "a", To = "b", Step = null });
    }

    [Theory]
    [InlineData(112.0, 100.0, "+12 %")]
    [InlineData(50.0, 100.0, "−50 %")]
    [InlineData(100.2, 100.0, "unchanged")]
    [InlineData(3000.0, 100.0, "30 times")]
    [InlineData(5.0, 0.0, "none before")]
    [InlineData(0.0, 0.0, "unchanged")]
    [InlineData(5.0, null, null)]
    public void A_change_is_said_as_it_is_read(double now, double? before, string? words) => MetricWords.Change(now, before).ShouldBe(words);

    private static Func<string, string?> Reader(string text) => System.Web.HttpUtility.ParseQueryString(text).Get;
}
