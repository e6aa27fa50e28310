using System.Text;
using FsCheck.Fluent;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Calls.Search;

public sealed class CallWordsTests
{
    private const string Request = """{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"name":"transfer","arguments":{"account":"FIN-1001","amount":12.5,"note":"Für Zoë\nnow"},"_meta":{"progressToken":"hidden"}}}""";

    [Theory]
    [InlineData(Request, null, "transfer fin 1001 12 5 für zoë now")]
    [InlineData(null, """{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{\"balance\":42}"}],"isError":false}}""", "balance 42")]
    [InlineData(null, "event: message\ndata: {\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"streamed\"}]}}\n\ndata: {\"result\":\"more\"}\n\n", "streamed more")]
    [InlineData("""{"params":{"a":"before the cut","b":"aft""", null, "before the cut")]
    [InlineData("plain words, no JSON", null, "plain words no json")]
    [InlineData("""{"params":{"a":"half \ud83d here"}}""", null, "half ud83d here")]
    [InlineData("""{"params":{"\ud83d":"behind","b\ud83d":["half a name"]}}""", null, "behind half a name")]
    [InlineData("Istanbul ÉCOLE 𐐀𐐁 e\u0301 Ǆ 日本 x\uFFFDy", null, "istanbul école 𐐨𐐩 e\u0301 ǆ 日本 x y")]
    [InlineData("one ONE One two", null, "one two")]
    [InlineData("", null, "")]
    [InlineData(null, null, "")]
    public void Of_a_call_are_the_values_of_its_payloads(string? request, string? response, string expected)
    {
        var call = DataHost.NewCall(default, DataHost.Now) with { Request = Bytes(request), Response = Bytes(response) };
        string.Join(' ', Of(call)).ShouldBe(expected);
    }

    [Fact]
    public void Are_few_and_short_however_long_the_payloads_are()
    {
        string Many(string prefix) => "{\"params\":{\"a\":\"" + string.Join(' ', Enumerable.Range(0, 5000).Select(i => $"{prefix}{i:x8}")) + "\"}}";
        var words = Of(DataHost.NewCall(default, DataHost.Now) with { Request = Bytes(Many("q")), Response = Bytes(Many("r")) });

        words.Sum(w => w.Length).ShouldBeInRange(CallWords.MostCharacters - 20, CallWords.MostCharacters);
        words.ShouldContain(w => w[0] == 'q');
        words.ShouldContain(w => w[0] == 'r');
        Of(DataHost.NewCall(default, DataHost.Now) with { Request = Bytes("{\"params\":\"" + new string('x', 3000) + "\"}") }).ShouldBe([new string('x', CallWords.LongestWord)]);
    }

    [Fact]
    public void A_bag_that_was_emptied_holds_the_next_call_alone()
    {
        WordBag words = new();
        CallWords.Collect(DataHost.NewCall(default, DataHost.Now) with { Request = Bytes("first call") }, words);
        words.Clear();
        CallWords.Collect(DataHost.NewCall(default, DataHost.Now) with { Request = Bytes("call, the second") }, words);

        words.All.ShouldBe(["call", "the", "second"]);
    }

    [Fact]
    public void Of_any_bytes_are_words_that_a_search_for_them_spells_alike() => Property.Holds(
        Gen.ArrayOf(Gen.OneOf(Gen.Choose(0, 255), Gen.Elements("{}[]\":, a1'\\".Select(c => (int)c).ToArray())).Select(b => (byte)b)),
        bytes =>
        {
            foreach (string word in Of(DataHost.NewCall(default, DataHost.Now) with { Request = bytes, Response = (byte[])[(byte)'{', .. bytes] }))
            {
                InputCheck check = new();
                CallWords.Parse(check, word, "text").ShouldBe([new SearchWord(word, IsBeginning: false)]);
                check.ThrowIfWrong();
                word.ShouldNotContain('\'');
                word.ShouldNotContain('\\');
                word.ShouldNotContain('\0');
            }
        }, Property.Times(500, 20_000));

    [Theory]
    [InlineData("FIN-1001", "fin 1001")]
    [InlineData("acm* beta", "acm* beta")]
    [InlineData("  one\ttwo one ", "one two")]
    [InlineData("o'reilly & 'xyz':* | !y", "o reilly xyz* y")]
    public void Are_read_from_what_somebody_types(string typed, string expected)
    {
        InputCheck check = new();
        var words = CallWords.Parse(check, typed, "text");
        check.ThrowIfWrong();
        string.Join(' ', words!.Select(w => w.Text + (w.IsBeginning ? "*" : ""))).ShouldBe(expected);
    }

    [Theory]
    [InlineData("?!")]
    [InlineData("ab*")]
    [InlineData("a b c d e f g h i j k")]
    public void That_can_not_be_searched_are_refused(string typed)
    {
        InputCheck check = new();
        CallWords.Parse(check, typed, "text");
        Should.Throw<RefusalException.Invalid>(check.ThrowIfWrong).Errors.ShouldAllBe(e => e.Field == "text");
    }

    [Fact]
    public void Nothing_typed_is_no_search() => CallWords.Parse(new InputCheck(), "  ", "text").ShouldBeNull();

    [Theory]
    [InlineData("crm", "a b&c=d?#%+'\"é日", "allowlist:*")]
    [InlineData("", "%2", "x")]
    [InlineData("a=b", "\n\t.", "+")]
    public void A_query_is_the_same_after_it_was_an_address(string server, string text, string rule)
    {
        CallQuery query = CallQuery.Parse(name => name is "server" ? server : name is "text" ? text : name is "rule" ? rule : null);
        CallQuery.Parse(query.ToText()).ShouldBe(query);
    }

    private static string[] Of(CallRecord call)
    {
        WordBag words = new();
        CallWords.Collect(call, words);
        return [.. words.All];
    }

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);
}
