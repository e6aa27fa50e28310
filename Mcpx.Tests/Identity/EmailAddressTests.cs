using Mcpx.Core.Identity;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Identity;

public sealed class EmailAddressTests
{
    [Theory]
    [InlineData("ada@example.com", "ada@example.com")]
    [InlineData("  Ada.Lovelace+x@Example.COM\t", "ada.lovelace+x@example.com")]
    [InlineData("ada@Bücher.example", "ada@xn--bcher-kva.example")]
    [InlineData("ADA@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example")]
    [InlineData("o'brien@example.co.uk", "o'brien@example.co.uk")]
    public void One_address_has_one_spelling(string text, string expected)
    {
        EmailAddress.TryNormalize(text, out string? normalized).ShouldBeTrue();
        normalized.ShouldBe(expected);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ada")]
    [InlineData("@example.com")]
    [InlineData("ada@")]
    [InlineData("ada@localhost")]
    [InlineData("ada@[127.0.0.1]")]
    [InlineData("ada@127.0.0.1")]
    [InlineData("ada@exa mple.com")]
    [InlineData("a da@example.com")]
    [InlineData("ada@example.com\r\nBcc: eve@evil.example")]
    [InlineData("ada\r\n@example.com")]
    [InlineData("ada@example.com, eve@evil.example")]
    [InlineData("eve@evil.example@example.com")]
    [InlineData("\"ada b\"@example.com")]
    [InlineData("<ada@example.com>")]
    [InlineData("аda@example.com")]
    [InlineData("İda@example.com")]
    [InlineData(".ada@example.com")]
    [InlineData("ada.@example.com")]
    [InlineData("a..da@example.com")]
    [InlineData("ada@-example.com")]
    [InlineData("ada@example..com")]
    [InlineData("ada@xn--.com")]
    [InlineData("ada@\0example.com")]
    [InlineData("ada@example.com\0")]
    public void What_is_no_plain_address_is_refused(string? text) => EmailAddress.TryNormalize(text, out _).ShouldBeFalse();

    [Fact]
    public void Addresses_that_are_too_long_are_refused()
    {
        EmailAddress.TryNormalize(new string('a', 65) + "@example.com", out _).ShouldBeFalse();
        EmailAddress.TryNormalize("a@" + string.Join('.', Enumerable.Repeat(new string('b', 60), 5)) + ".com", out _).ShouldBeFalse();
        EmailAddress.TryNormalize(new string('a', 100_000), out _).ShouldBeFalse();
    }

    [Fact]
    public void A_mask_shows_the_host_and_one_letter() => EmailAddress.Mask("ada@example.com").ShouldBe("a•••@example.com");
}
