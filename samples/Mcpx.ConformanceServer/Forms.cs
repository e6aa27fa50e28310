using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Mcpx.ConformanceServer;

/// <summary>What users are asked for, as it stands on the wire.</summary>
internal static class Forms
{
    public const string UserAndEmail = """
        {
          "type": "object",
          "properties": {
            "username": { "type": "string", "description": "User's response" },
            "email": { "type": "string", "description": "User's email address" }
          },
          "required": ["username", "email"]
        }
        """;

    /// <summary>SEP-1034.</summary>
    public const string WithDefaults = """
        {
          "type": "object",
          "properties": {
            "name": { "type": "string", "default": "John Doe" },
            "age": { "type": "integer", "default": 30 },
            "score": { "type": "number", "default": 95.5 },
            "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
            "verified": { "type": "boolean", "default": true }
          }
        }
        """;

    /// <summary>SEP-1330.</summary>
    public const string WithChoices = """
        {
          "type": "object",
          "properties": {
            "untitledSingle": { "type": "string", "enum": ["option1", "option2", "option3"] },
            "titledSingle": {
              "type": "string",
              "oneOf": [
                { "const": "value1", "title": "First Option" }, { "const": "value2", "title": "Second Option" }, { "const": "value3", "title": "Third Option" }
              ]
            },
            "legacyEnum": { "type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"] },
            "untitledMulti": { "type": "array", "items": { "type": "string", "enum": ["option1", "option2", "option3"] } },
            "titledMulti": {
              "type": "array",
              "items": {
                "anyOf": [
                  { "const": "value1", "title": "First Choice" }, { "const": "value2", "title": "Second Choice" }, { "const": "value3", "title": "Third Choice" }
                ]
              }
            }
          }
        }
        """;

    public static ElicitRequestParams.RequestSchema Parse(string form) =>
        JsonSerializer.Deserialize<ElicitRequestParams.RequestSchema>(form, McpJsonUtilities.DefaultOptions)!;

    /// <summary>One required field.</summary>
    public static ElicitRequestParams Ask(string message, string field, string type = "string") => new()
    {
        Message = message,
        RequestedSchema = Parse($$$"""{"type":"object","properties":{"{{{field}}}":{"type":"{{{type}}}"}},"required":["{{{field}}}"]}"""),
    };
}
