using Mcpx.Core.Proxy;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

public sealed class PayloadCaptureTests
{
    [Fact]
    public void Pieces_are_kept_up_to_the_limit()
    {
        using PayloadCapture capture = new() { Most = 5 };
        capture.Payload.ShouldBeNull();
        capture.Add("abc"u8);
        capture.Truncated.ShouldBeFalse();
        capture.Add("def"u8);

        capture.Payload!.Value.ToArray().ShouldBe("abcde"u8.ToArray());
        capture.Truncated.ShouldBeTrue();
    }

    [Fact]
    public void What_comes_when_the_call_has_ended_is_written_nowhere()
    {
        PayloadCapture capture = new();
        capture.Add("the first caller's"u8);
        var kept = capture.Payload!.Value;
        var before = kept.ToArray();
        capture.Dispose();
        capture.Add("too late, far too late"u8);
        capture.Dispose();

        capture.Payload.ShouldBeNull();
        // The array may be another caller's by now: nothing was added to it.
        kept.Span.StartsWith("too late"u8).ShouldBeFalse();
        before.ShouldBe("the first caller's"u8.ToArray());
    }
}
