using System.Text.Json;
using ModelContextProtocol.Protocol;

namespace Mcpx.Tests.Proxy;

/// <summary>A call that says one tool's name, or by a trick one to the gateway and another to the server.</summary>
/// <param name="Id">Of the call; also the argument <c>call</c>, which survives where ids are changed.</param>
/// <param name="Name">The tool that it says.</param>
/// <param name="Other">The tool that it may say besides.</param>
/// <param name="IsHonest">True when every parser finds the one name and nothing else is wrong with it.</param>
internal sealed record GeneratedCall(int Id, string Name, string Other, string Body, (string, string)[] Headers, bool IsHonest, bool IsModern)
{
    public static GeneratedCall Generate(Random random, int id, string[] names)
    {
        string name = Pick(random, names), other = Pick(random, names);
        var spelled = random.Next(4) == 0 ? Escaped(name, random) : JsonSerializer.Serialize(name);
        var trick = random.Next(12);
        var key = trick switch { 0 => "Name", 1 => "n\\u0061me", 2 => "NAME", _ => "name" };
        var members = new List<string> { $"\"{key}\":{spelled}", $"\"arguments\":{{\"name\":\"secret\",\"call\":{id}}}" };
        if (trick == 3) members.Add($"\"name\":{JsonSerializer.Serialize(other)}");
        if (trick == 4) members.Insert(0, $"\"n\\u0061me\":{JsonSerializer.Serialize(other)}");
        if (trick == 5) members.Add($"\"Name\":{JsonSerializer.Serialize(other)}");
        var isModern = random.Next(2) == 0;
        if (isModern) members.Add("\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{}}");
        if (random.Next(2) == 0) members.Reverse();
        var space = random.Next(3) == 0 ? " \n\t" : "";
        var parameters = $"\"params\":{{{space}{string.Join("," + space, members)}}}";
        if (trick == 6) parameters += $",\"params\":{{\"name\":{JsonSerializer.Serialize(other)}}}";
        if (trick == 7) parameters = $"\"Params\":{{\"name\":{JsonSerializer.Serialize(other)}}}," + parameters;
        var body = $"{{\"jsonrpc\":\"2.0\",{space}{parameters},\"method\":\"tools/call\",\"id\":{id}}}";
        var header = trick == 8 ? other : name;
        (string, string)[] headers = isModern
            ? [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", McpHeaderEncoder.EncodeValue(header)!)]
            : [];
        return new GeneratedCall(id, name, other, body, headers, IsHonest: trick is 1 or > 8 || trick == 8 && (!isModern || header == name), isModern);
    }

    /// <summary>Whatever any parser might take for the tool's name: every params, every name, in any case.</summary>
    public static IEnumerable<string> EveryNameIn(byte[] body) =>
        from parameters in JsonDocument.Parse(body).RootElement.EnumerateObject()
        where parameters.Name.Equals("params", StringComparison.OrdinalIgnoreCase)
        from member in parameters.Value.EnumerateObject()
        where member.Name.Equals("name", StringComparison.OrdinalIgnoreCase)
        select member.Value.GetString();

    /// <summary>Each character as its escape, some of the time: the same name to every parser that unescapes.</summary>
    private static string Escaped(string name, Random random) =>
        "\"" + string.Concat(name.Select(c => random.Next(2) == 0 || c is '"' or '\\' || c < ' ' ? $"\\u{(int)c:x4}" : c.ToString())) + "\"";

    private static string Pick(Random random, string[] of) => of[random.Next(of.Length)];
}
