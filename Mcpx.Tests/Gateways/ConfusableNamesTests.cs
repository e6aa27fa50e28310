using Mcpx.Core.Gateways;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Gateways;

public sealed class ConfusableNamesTests
{
    [Theory]
    [InlineData("get_user", "Get_User", "case")]
    [InlineData("get_user", " get_user\t", "white space around")]
    [InlineData("get user", "get\u00A0 user", "kinds of blanks")]
    [InlineData("get_user", "get_\u200Buser", "a zero-width space")]
    [InlineData("get_user", "\uFEFFget_user", "a byte order mark")]
    [InlineData("get_user", "get\u00AD_user", "a soft hyphen")]
    [InlineData("get_user", "get_user\uFE0F", "a variation selector")]
    [InlineData("get_user", "get_user\U000E0041", "a tag character")]
    [InlineData("get_user", "\u202Eget_user", "a change of direction")]
    [InlineData("get_user", "get_user\0", "a NUL")]
    [InlineData("get_user", "get_us\u0435r", "a Cyrillic е")]
    [InlineData("SCOPE", "\u0405\u0421\u041E\u0420\u0415", "Cyrillic capitals")]
    [InlineData("HIT", "\u041D\u0406\u0422", "a Cyrillic Н")]
    [InlineData("value", "\u03BDalue", "a Greek ν for v")]
    [InlineData("NAME", "\u039DAME", "a Greek Ν for N")]
    [InlineData("next", "\u03B7ext", "a Greek η for n")]
    [InlineData("get_user", "\uFF47et\uFF3Fuser", "fullwidth forms")]
    [InlineData("get_user", "\U0001D420\U0001D41E\U0001D42D_user", "mathematical letters")]
    [InlineData("file", "\uFB01le", "a ligature")]
    [InlineData("x2", "x\u00B2", "a superscript")]
    [InlineData("caf\u00E9", "cafe\u0301", "composed and decomposed")]
    [InlineData("o\u0323\u0302", "o\u0302\u0323", "two marks in another order")]
    [InlineData("\uD55C\uAE00", "\u1112\u1161\u11AB\u1100\u1173\u11AF", "Hangul syllables and their letters")]
    [InlineData("\u304C", "\u304B\u3099", "kana with a voiced mark")]
    [InlineData("\u03BB\u03CC\u03B3\u03BF\u03C2", "\u039B\u038C\u0393\u039F\u03A3", "a Greek word in capitals")]
    [InlineData("\u0416\u0418", "\u0436\u0438", "Cyrillic case")]
    [InlineData("disk", "d\u0131sk", "a dotless i")]
    public void These_look_alike(string one, string other, string because) =>
        ConfusableNames.KeysOf(one).Intersect(ConfusableNames.KeysOf(other)).ShouldNotBeEmpty(because);

    [Theory]
    [InlineData("get_user", "get_users")]
    [InlineData("get_user", "getuser")]
    [InlineData("get_user", "get-user")]
    [InlineData("get user", "getuser")]
    [InlineData("caf\u00E9", "cafe")]
    [InlineData("\u304C", "\u304B")]
    [InlineData("\u0436\u0438", "\u0436\u0439")]
    [InlineData("\u5DE5\u5177", "\u5DE5\u4EF6")]
    [InlineData("", "a")]
    public void These_do_not(string one, string other) => ConfusableNames.KeysOf(one).Intersect(ConfusableNames.KeysOf(other)).ShouldBeEmpty();

    [Fact]
    public void Half_a_surrogate_pair_is_a_name_too() => ConfusableNames.KeysOf("a\uD800").ShouldNotBeEmpty();
}
