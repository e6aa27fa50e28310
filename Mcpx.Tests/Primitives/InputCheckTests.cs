using Mcpx.Core.Primitives;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Primitives;

public sealed class InputCheckTests
{
    [Theory]
    [InlineData("plain", true)]
    [InlineData("two\nlines\tand a tab", true)]
    [InlineData("\ud83d\ude00", true)]
    [InlineData("nul\0", false)]
    [InlineData("esc\u001b[0m", false)]
    public void Text_takes_what_can_be_stored_and_shown(string text, bool isFine) => IsFine(text).ShouldBe(isFine);

    // Not as inline data: an attribute is kept as UTF-8, which has no lone surrogates.
    [Fact]
    public void Lone_surrogates_are_refused()
    {
        IsFine("\ud83d").ShouldBeFalse();
        IsFine("\ude00\ud83d").ShouldBeFalse();
        IsFine("a\ud83d\ude00\ud83d").ShouldBeFalse();
    }

    /// <summary>Looked at once for all, not once for each: half a million surrogates would take minutes otherwise.</summary>
    [Fact]
    public void A_body_full_of_surrogates_is_no_work() => IsFine(string.Concat(Enumerable.Repeat("\ud83d\ude00", 250_000))).ShouldBeTrue();

    private static bool IsFine(string text)
    {
        try
        {
            new InputCheck().Text(text, "field").ThrowIfWrong();
            return true;
        }
        catch (RefusalException.Invalid)
        {
            return false;
        }
    }
}
