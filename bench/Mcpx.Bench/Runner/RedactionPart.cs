using System.Text;
using System.Text.Json;
using Mcpx.Core.Redaction;

namespace Mcpx.Bench.Runner;

/// <summary>What the built-in rules cost one kind of payload.</summary>
/// <param name="Microseconds">Of CPU, for one payload.</param>
internal sealed record RedactionReading(string Payload, int Bytes, int Found, double Microseconds)
{
    /// <summary>What a record may take at 7,500 a second, with everything that is done for it.</summary>
    public const double WritingMicroseconds = 1e6 / 7_500;
}

/// <summary>Redacts payloads of six kilobytes in this process, as the drain does between journal and database.</summary>
internal static class RedactionPart
{
    private const int Rounds = 15;

    public static IReadOnlyList<RedactionReading> Run(RunOptions options, TimeProvider time)
    {
        RuleSet rules = new(PayloadMode.Redacted, OrganizationRules.Default.Rules);
        return [.. Payloads().Select(p => Measure(p.Name, Encoding.UTF8.GetBytes(p.Text), rules, options.RedactionsEach, time))];
    }

    private static RedactionReading Measure(string name, byte[] payload, RuleSet rules, int count, TimeProvider time)
    {
        var redacted = Redactor.Apply(rules, payload, key: null, time);
        var best = Best(() => Redactor.Apply(rules, payload, key: null, time).Counts.Count, count, time);
        return new RedactionReading(name, payload.Length, redacted.Counts.Sum(), best);
    }

    /// <summary>The best of several rounds: what disturbs only ever adds.</summary>
    private static double Best(Func<int> act, int count, TimeProvider time)
    {
        var best = double.MaxValue;
        for (var round = 0; round < Rounds; round++)
        {
            var began = time.GetTimestamp();
            for (var i = 0; i < count; i++) act();
            best = Math.Min(best, time.GetElapsedTime(began).TotalMicroseconds / count);
        }
        return best;
    }

    private static IEnumerable<(string Name, string Text)> Payloads()
    {
        var prose = string.Concat(Enumerable.Repeat("The printer on floor 3 says: \"PC LOAD LETTER\" and then nothing.\n", 92));
        yield return ("text in a string", Answer(JsonSerializer.Serialize(prose)));
        var records = string.Join(',', Enumerable.Range(0, 70).Select(i => $$$"""{"id":{{{i}}},"title":"Ticket number {{{i}}}","state":"open","owner":{"name":"Ann","team":"IT"}}"""));
        yield return ("70 objects", Answer($"[{records}]"));
        yield return ("70 objects in a string", Answer(JsonSerializer.Serialize($"[{records}]")));
        var secrets = string.Join(',', Enumerable.Range(0, 60).Select(i => $$"""{"user":"u{{i}}","password":"correct horse battery","card":"4111 1111 1111 1111"}"""));
        yield return ("60 passwords and cards", $"[{secrets}]");
    }

    private static string Answer(string content) =>
        """{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":""" + content + "}]}}";
}
