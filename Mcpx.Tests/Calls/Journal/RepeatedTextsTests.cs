using System.Text;
using Mcpx.Core.Calls.Journal;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Calls.Journal;

public sealed class RepeatedTextsTests
{
    [Fact]
    public void A_text_comes_back_as_the_same_object_and_any_number_of_others_as_themselves()
    {
        RepeatedTexts texts = new();
        texts.Of("tools/call"u8).ShouldBeSameAs(texts.Of("tools/call"u8));
        foreach (string text in Enumerable.Range(0, 5000).Select(i => $"tool_{i}").Concat(["", "für Zoë", "🦊", new string('x', 1000), "a\0b"]))
            texts.Of(Encoding.UTF8.GetBytes(text)).ShouldBe(text);
        texts.Of([0xff]).ShouldBe("\ufffd");
    }
}
