using Mcpx.Core.Credentials;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Credentials;

public sealed class SmallJsonTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(SmallJson.Longest, SmallJson.Longest)]
    [InlineData(SmallJson.Longest + 1, null)]
    public async Task A_body_is_read_whole_or_not_at_all(int length, int? read)
    {
        using ByteArrayContent content = new(new byte[length]);

        ((await SmallJson.ReadBytesAsync(content, TestContext.Current.CancellationToken))?.Length).ShouldBe(read);
    }
}
