using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Unicode;

namespace Mcpx.Core.Protocol;

/// <summary>
/// Reads one JSON-RPC message in a single strict pass. Strict, because governance decides from what it reads here and
/// the upstream acts on what it reads there: where two parsers could disagree (duplicate keys, letter case, a byte order
/// mark, invalid UTF-8) the message is refused instead of interpreted.
/// </summary>
public ref struct McpMessageReader
{
    /// <summary>Nesting that no tool needs, and that recursive parsers behind us may not survive.</summary>
    public const int MaxDepth = 64;

    private const int LongestMethod = 256;
    private const int LongestName = 1024;
    private const int LongestUri = 8192;
    private const int LongestId = 256;

    internal const string ProtocolVersionKey = "io.modelcontextprotocol/protocolVersion";
    internal const string ClientInfoKey = "io.modelcontextprotocol/clientInfo";
    internal const string ClientCapabilitiesKey = "io.modelcontextprotocol/clientCapabilities";

    private static readonly KnownMembers TopLevel = new("jsonrpc", "id", "method", "params", "result", "error");
    private static readonly KnownMembers InParams =
        new("name", "uri", "_meta", "arguments", "protocolVersion", "clientInfo", "requestState", "inputResponses");

    private static readonly KnownMembers InMeta = new(ProtocolVersionKey, ClientInfoKey, ClientCapabilitiesKey, "progressToken", TraceContext.ParentKey, "tracestate", "baggage");
    private static readonly KnownMembers InClientInfo = new("name", "version");

    private readonly ReadOnlyMemory<byte> _body;
    private readonly McpMessage _message = new();
    private Utf8JsonReader _json;
    private bool _hasVersion;
    private bool _hasResult;
    private bool _hasError;

    private McpMessageReader(ReadOnlyMemory<byte> body)
    {
        _body = body;
        _json = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = MaxDepth });
    }

    /// <summary>False leaves an error that can be sent as it is; it carries the id when that was read.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> body, [NotNullWhen(true)] out McpMessage? message, [NotNullWhen(false)] out McpError? error, out ReadOnlyMemory<byte> id)
    {
        McpMessageReader reader = new(body);
        try
        {
            error = reader.Read();
        }
        catch (JsonException)
        {
            error = new McpError(400, McpErrorCodes.ParseError, "The body is not one well-formed JSON value.");
        }
        catch (InvalidOperationException)
        {
            // Utf8JsonReader throws it for an escaped lone surrogate when a text is asked for.
            error = Invalid("A member that the gateway reads holds a lone surrogate.");
        }

        id = reader._message.Id;
        message = error is null ? reader._message : null;
        return error is null;
    }

    private static McpError Invalid(string message) => new(400, McpErrorCodes.InvalidRequest, message);

    private McpError? Read()
    {
        if (!Utf8.IsValid(_body.Span))
            return new McpError(400, McpErrorCodes.ParseError, "The body is not valid UTF-8.");
        _json.Read();
        if (_json.TokenType is JsonTokenType.StartArray)
            return Invalid("Batches are not part of this protocol: send one message per request.");
        if (_json.TokenType is not JsonTokenType.StartObject)
            return Invalid("A message is a JSON object.");

        int seen = 0;
        while (_json.Read() && _json.TokenType is JsonTokenType.PropertyName)
        {
            if (TopLevel.Take(_json, ref seen, out int member) is { } error) return error;
            _json.Read();
            if (ReadTopLevel(member) is { } wrong) return wrong;
        }

        // The reader refuses anything but white space behind the object.
        _json.Read();
        return Conclude();
    }

    private McpError? ReadTopLevel(int member)
    {
        switch (member)
        {
            case 0:
                _hasVersion = _json.TokenType is JsonTokenType.String && _json.ValueTextEquals("2.0"u8);
                return _hasVersion ? null : Invalid("The member jsonrpc must be \"2.0\".");
            case 1:
                return ReadId();
            case 2:
                if (ReadText("method", LongestMethod, out string? method) is { } wrong) return wrong;
                _message.Method = method;
                return null;
            case 3:
                return ReadParams();
            case 4:
                _hasResult = true;
                break;
            case 5:
                _hasError = true;
                break;
        }

        _json.Skip();
        return null;
    }

    private McpError? ReadId()
    {
        int start = (int)_json.TokenStartIndex;
        bool usable = _json.TokenType switch
        {
            JsonTokenType.String => true,
            JsonTokenType.Number => !_json.ValueSpan.ContainsAny((byte)'.', (byte)'e', (byte)'E'),
            _ => false,
        };
        if (!usable || _json.BytesConsumed - start > LongestId)
            return Invalid($"The member id must be a string or a whole number of at most {LongestId} bytes.");
        _message.Id = _body[start..(int)_json.BytesConsumed];
        return null;
    }

    private McpError? ReadParams()
    {
        if (_json.TokenType is not JsonTokenType.StartObject)
            return Invalid("The member params must be an object.");
        int seen = 0;
        while (_json.Read() && _json.TokenType is JsonTokenType.PropertyName)
        {
            if (InParams.Take(_json, ref seen, out int member) is { } error) return error;
            _json.Read();
            if (ReadParam(member) is { } wrong) return wrong;
        }

        return null;
    }

    private McpError? ReadParam(int member)
    {
        switch (member)
        {
            case 0:
                int start = (int)_json.TokenStartIndex;
                if (ReadText("params.name", LongestName, out string? name) is { } badName) return badName;
                _message.Name = name;
                _message.NameRange = start..(int)_json.BytesConsumed;
                return null;
            case 1:
                if (ReadText("params.uri", LongestUri, out string? uri) is { } badUri) return badUri;
                _message.Uri = uri;
                return null;
            case 2:
                return ReadMeta();
            case 4:
                if (_json.TokenType is JsonTokenType.String) _message.InitializeProtocolVersion = _json.GetString();
                break;
            case 5:
                return ReadClientInfo();
            case 6 or 7:
                _message.HasRequestState = true;
                break;
        }

        _json.Skip();
        return null;
    }

    private McpError? ReadMeta()
    {
        if (_json.TokenType is not JsonTokenType.StartObject)
            return Invalid("The member params._meta must be an object.");
        int seen = 0;
        while (_json.Read() && _json.TokenType is JsonTokenType.PropertyName)
        {
            if (InMeta.Take(_json, ref seen, out int member) is { } error) return error;
            _json.Read();
            switch (member)
            {
                case 0:
                    if (ReadText($"params._meta[\"{ProtocolVersionKey}\"]", 32, out string? version) is { } wrong) return wrong;
                    _message.MetaProtocolVersion = version;
                    continue;
                case 1:
                    if (ReadClientInfo() is { } bad) return bad;
                    continue;
                case 2:
                    _message.HasClientCapabilities = _json.TokenType is JsonTokenType.StartObject;
                    break;
                case 4:
                    _message.HasTrace = true;
                    // One of another length is none; see TraceContext.
                    if (_json.TokenType is JsonTokenType.String && _json.ValueSpan.Length == TraceContext.ParentLength) _message.TraceParent = _json.GetString();
                    break;
                case 5 or 6:
                    _message.HasTrace = true;
                    break;
                case 3:
                    _message.HasProgressToken = _json.TokenType is JsonTokenType.String or JsonTokenType.Number;
                    break;
            }

            _json.Skip();
        }

        return null;
    }

    /// <summary>Display only, so a strange one is not refused: it is just not kept.</summary>
    private McpError? ReadClientInfo()
    {
        if (_json.TokenType is not JsonTokenType.StartObject)
        {
            _json.Skip();
            return null;
        }

        int seen = 0;
        while (_json.Read() && _json.TokenType is JsonTokenType.PropertyName)
        {
            if (InClientInfo.Take(_json, ref seen, out int member) is { } error) return error;
            _json.Read();
            if (member >= 0 && _json.TokenType is JsonTokenType.String && _json.ValueSpan.Length <= LongestName)
            {
                string text = _json.GetString()!;
                if (member == 0) _message.ClientName = text;
                else _message.ClientVersion = text;
            }

            _json.Skip();
        }

        return null;
    }

    private McpError? ReadText(string what, int longest, out string? text)
    {
        text = null;
        if (_json.TokenType is not JsonTokenType.String || _json.ValueSpan.Length == 0 || _json.ValueSpan.Length > longest)
            return Invalid($"The member {what} must be a string of 1 to {longest} bytes.");
        text = _json.GetString();
        return null;
    }

    private readonly McpError? Conclude()
    {
        if (!_hasVersion) return Invalid("The member jsonrpc is missing.");
        bool hasId = !_message.Id.IsEmpty;
        if (_message.Method is not null)
        {
            if (_hasResult || _hasError) return Invalid("A message with a method has neither result nor error.");
            _message.Kind = hasId ? McpMessageKind.Request : McpMessageKind.Notification;
            return null;
        }

        if (!hasId || _hasResult == _hasError) return Invalid("A message has a method, or an id with either result or error.");
        _message.Kind = McpMessageKind.Response;
        return null;
    }
}
