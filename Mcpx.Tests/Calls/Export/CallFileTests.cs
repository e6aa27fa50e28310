using System.Buffers;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Export;
using Mcpx.Core.Primitives;
using Mcpx.Core.Redaction;
using Mcpx.Tests.Calls.Journal;
using Mcpx.Tests.Data;
using Shouldly;
using Xunit;
using Property = Mcpx.Tests.Fixtures.Property;

namespace Mcpx.Tests.Calls.Export;

public sealed class CallFileTests
{
    private static readonly Gen<string> Odd = Gen.OneOf(
        Gen.ArrayOf(Gen.Elements("=+-@\t\r\n '\"`,;a1é日\0\u00A0\u2028\u0085＝\uFEFF".ToCharArray())).Select(c => new string(c)),
        Gen.Elements("=1+1", "+1", "-1", "@x", "\t=x", "\r=x", " =cmd|' /C calc'!A0", "\"=1", "'=1", "'", "''x", "\u00A0=1", "\uFEFF=1", "＝1", "a,b", "a\"b", "a\r\nb", "\n-1", "\0=1", "\u200B@x", "日本, 語", "😀\"", ""));

    private static readonly Gen<byte[]> Bytes = Gen.ArrayOf(Gen.Choose(0, 255).Select(b => (byte)b));

    private static readonly Gen<CallRecord> Any =
        from tool in Odd
        from reason in Odd
        from user in Odd
        from request in Bytes
        from text in Odd
        from micros in Gen.Choose(0, int.MaxValue)
        from outcome in Gen.Elements(Enum.GetValues<CallOutcome>())
        select DataHost.NewCall(default, DataHost.Now, outcome) with
        {
            Tool = tool, Reason = reason, UserName = user, Request = request, Response = Encoding.UTF8.GetBytes(text), TotalMicroseconds = micros, Token = DataHost.NewId<TokenId>(), Truncated = micros % 2 == 0,
            Redactions = [new RedactionFinding(RecordPart.Request, text, RedactionEffect.Masked, 3)], RequestDigest = [1, 2, 255],
        };

    [Fact]
    public void A_line_of_JSON_gives_the_call_back() => Property.Holds(Any, call =>
    {
        using JsonDocument line = JsonDocument.Parse(Write(call, json: true));
        JsonElement read = line.RootElement;
        read.GetProperty("id").GetString().ShouldBe(call.Id.ToString());
        read.GetProperty("time").GetDateTimeOffset().ShouldBe(call.Time);
        read.GetProperty("tool").GetString().ShouldBe(call.Tool);
        read.GetProperty("reason").GetString().ShouldBe(call.Reason);
        read.GetProperty("userName").GetString().ShouldBe(call.UserName);
        read.GetProperty("server").ValueKind.ShouldBe(JsonValueKind.Null);
        read.GetProperty("token").GetString().ShouldBe(call.Token.ToString());
        (read.GetProperty("totalMilliseconds").GetDecimal() * 1000).ShouldBe(call.TotalMicroseconds);
        read.GetProperty("outcome").GetString().ShouldBe(JsonNamingPolicy.CamelCase.ConvertName(call.Outcome.ToString()));
        BytesOf(read.GetProperty("request")).ShouldBe(call.Request.Bytes());
        BytesOf(read.GetProperty("response")).ShouldBe(call.Response.Bytes());
        read.GetProperty("requestDigest").GetString().ShouldBe("0102ff");
        read.GetProperty("redactions")[0].GetProperty("rule").GetString().ShouldBe(call.Redactions[0].Rule);
        read.GetProperty("redactions")[0].GetProperty("effect").GetString().ShouldBe("masked");
    }, Property.Times(300, 20_000));

    [Fact]
    public void No_line_of_JSON_has_an_end_of_line_in_it() => Property.Holds(Any, call =>
        Encoding.UTF8.GetString(Write(call, json: true))[..^1].IndexOfAny(['\n', '\r', '\u2028', '\u2029', '\u0085']).ShouldBe(-1), Property.Times(300, 20_000));

    [Fact]
    public void No_cell_of_CSV_begins_with_a_formula_and_each_gives_its_text_back() => Property.Holds(Any, call =>
    {
        List<List<string>> lines = Csv.Parse(Encoding.UTF8.GetString(Write(call, json: false)));
        lines.Count.ShouldBe(2);
        lines[1].Count.ShouldBe(lines[0].Count);
        foreach (string cell in lines[1])
        {
            string bare = cell.TrimStart('"', ' ', '\t', '\r', '\n', '\u00A0', '\uFEFF', '\u200B', '\0');
            if (bare.Length > 0) "=+-@＝＋－＠".ShouldNotContain(bare[0]);
            if (cell.Length > 0) "\t\r".ShouldNotContain(cell[0]);
        }

        Csv.Plain(lines, "tool").ShouldBe(call.Tool);
        Csv.Plain(lines, "reason").ShouldBe(call.Reason);
        Csv.Plain(lines, "response").ShouldBe(Encoding.UTF8.GetString(call.Response.Bytes()!));
        string request = Csv.Plain(lines, "request");
        (Csv.Plain(lines, "requestEncoding") == CallJson.Base64 ? Convert.FromBase64String(request) : Encoding.UTF8.GetBytes(request)).ShouldBe(call.Request.Bytes());
        Csv.Plain(lines, "outcome").ShouldBe(JsonNamingPolicy.CamelCase.ConvertName(call.Outcome.ToString()));
    }, Property.Times(300, 20_000));

    private static byte[] Write(CallRecord call, bool json)
    {
        ArrayBufferWriter<byte> output = new();
        using ICallWriter writer = json ? new CallJson(output, payloads: true) : new CallCsv(output, payloads: true);
        writer.Begin();
        writer.Write(call);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] BytesOf(JsonElement payload) => payload.GetProperty("encoding").GetString() == CallJson.Base64
        ? payload.GetProperty("body").GetBytesFromBase64()
        : Encoding.UTF8.GetBytes(payload.GetProperty("body").GetString()!);
}

/// <summary>RFC 4180, read strictly.</summary>
internal static class Csv
{
    public static List<List<string>> Parse(string text)
    {
        List<List<string>> lines = [];
        List<string> line = [];
        int at = 0;
        while (at < text.Length)
        {
            StringBuilder cell = new();
            if (text[at] == '"')
            {
                for (at++; ; at++)
                {
                    if (text[at] == '"' && text[++at] != '"') break;
                    cell.Append(text[at]);
                }
            }
            else
            {
                for (; text[at] is not (',' or '\r'); at++)
                {
                    text[at].ShouldNotBe('"');
                    text[at].ShouldNotBe('\n');
                    cell.Append(text[at]);
                }
            }

            line.Add(cell.ToString());
            if (text[at] == ',')
            {
                at++;
                continue;
            }

            text[at..(at + 2)].ShouldBe("\r\n");
            at += 2;
            lines.Add(line);
            line = [];
        }

        line.ShouldBeEmpty();
        return lines;
    }

    /// <summary>A cell as it was before an apostrophe kept it from being a formula.</summary>
    public static string Plain(List<List<string>> lines, string column)
    {
        string cell = lines[1][lines[0].IndexOf(column)];
        return cell.StartsWith('\'') ? cell[1..] : cell;
    }
}
