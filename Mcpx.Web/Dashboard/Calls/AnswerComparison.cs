using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mcpx.Web.Dashboard.Calls;

/// <summary>Whether two answers say the same, however each was sent: with other ids, white space, or in a stream.</summary>
internal static class AnswerComparison
{
    /// <summary>What says something of the exchange and nothing of what was asked for.</summary>
    private static readonly string[] OfTheExchange = ["_meta", "resultType", "ttlMs", "cacheScope"];

    /// <summary>Null when one of them is no whole answer.</summary>
    public static bool? AreAlike(byte[]? one, byte[]? other) =>
        SaidBy(one) is { } first && SaidBy(other) is { } second ? JsonNode.DeepEquals(first, second) : null;

    /// <summary>The result or the error, of the last message that has one.</summary>
    private static JsonNode? SaidBy(byte[]? bytes)
    {
        if (bytes is not { Length: > 0 }) return null;
        return Payload.From(bytes) switch
        {
            Payload.Events events => events.List.Select(e => OfMessage(e.Data)).LastOrDefault(said => said is not null),
            Payload.Document document => OfMessage(document.Text),
            _ => null,
        };
    }

    private static JsonObject? OfMessage(string text)
    {
        try
        {
            if (JsonNode.Parse(text) is not JsonObject message) return null;
            foreach (string member in new[] { "result", "error" })
            {
                if (message[member] is not JsonObject said) continue;
                foreach (string name in OfTheExchange) said.Remove(name);
                message.Remove(member);
                return new JsonObject { [member] = said };
            }

            return null;
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            // Members that stand twice, for instance: nobody can say what such an answer says.
            return null;
        }
    }
}
