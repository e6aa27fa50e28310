using Mcpx.Core.Protocol;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Protocol;

public sealed class TraceContextTests
{
    private const string Id = "4bf92f3577b34da6a3ce929d0e0e4736";

    [Theory]
    [InlineData($"00-{Id}-00f067aa0ba902b7-01", Id)]
    [InlineData($"cc-{Id}-00f067aa0ba902b7-00", Id)]
    [InlineData($"ff-{Id}-00f067aa0ba902b7-01", null)]
    [InlineData("00-00000000000000000000000000000000-00f067aa0ba902b7-01", null)]
    [InlineData("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", null)]
    [InlineData($"00-{Id}-00f067aa0ba902b7-0", null)]
    [InlineData($"00-{Id}-00f067aa0ba902b7-01-more", null)]
    [InlineData($"00_{Id}_00f067aa0ba902b7_01", null)]
    [InlineData($"00-{Id}-00f067aa0ba902\0\0-01", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void The_id_is_read_from_what_the_standard_allows_only(string? parent, string? id) => TraceContext.IdOf(parent).ShouldBe(id);
}
