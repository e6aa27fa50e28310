using FsCheck.Fluent;
using Mcpx.Core.Identity;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Identity;

public sealed class TokenTextTests
{
    private const string Prefix = TokenText.PersonalAccessTokenPrefix;

    [Fact]
    public void A_token_has_its_prefix_its_length_and_no_twin()
    {
        var tokens = Enumerable.Range(0, 1000).Select(_ => TokenText.Create(Prefix)).ToList();

        tokens.Distinct().Count().ShouldBe(1000);
        tokens.ShouldAllBe(t => t.Length == 9 + 43 + 6 && t.StartsWith(Prefix) && TokenText.IsWellFormed(t, Prefix));
    }

    [Fact]
    public void One_wrong_character_is_noticed()
    {
        var token = TokenText.Create(Prefix);
        Property.Holds(
            from at in Gen.Choose(Prefix.Length, token.Length - 1)
            from to in Gen.Elements("0Aaz9é -_".ToCharArray())
            where token[at] != to
            select token[..at] + to + token[(at + 1)..],
            typo => TokenText.IsWellFormed(typo, Prefix).ShouldBeFalse());
    }

    [Fact]
    public void Nothing_else_is_well_formed()
    {
        var token = TokenText.Create(Prefix);

        TokenText.IsWellFormed("", Prefix).ShouldBeFalse();
        TokenText.IsWellFormed(token + "0", Prefix).ShouldBeFalse();
        TokenText.IsWellFormed(token.AsSpan(0, token.Length - 1), Prefix).ShouldBeFalse();
        TokenText.IsWellFormed(token.ToUpperInvariant(), Prefix).ShouldBeFalse();
        TokenText.IsWellFormed(TokenText.Create("mcpx_sas_"), Prefix).ShouldBeFalse();
        TokenText.IsWellFormed(token.Replace("pat", "sas"), "mcpx_sas_").ShouldBeFalse();
    }
}
