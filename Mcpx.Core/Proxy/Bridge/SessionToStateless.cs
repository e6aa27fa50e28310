using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Mcpx.Core.Calls;
using Mcpx.Core.Protocol;
using ModelContextProtocol.Protocol;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>
/// A session-era client's request to a stateless server. What the server wants to know of the client in the middle of a call
/// becomes a request on the client's open stream; the answer comes with another POST, and the call is repeated with it
/// (MCP 2026-07-28, "Multi Round-Trip Requests").
/// </summary>
public sealed class SessionToStateless(StatelessUpstream upstream, ParameterHeaders parameters, TimeProvider time)
{
    /// <summary>How often a server may ask again before the call is given up.</summary>
    public const int MostRounds = 16;

    /// <summary>What a person may take to answer a form.</summary>
    private static readonly TimeSpan QuestionPatience = TimeSpan.FromMinutes(10);

    public async Task CallAsync(BridgedCall call, SessionClient client, ClientAnswer answer)
    {
        using CallUnderWay underWay = client.Live.Begin(Encoding.UTF8.GetString(call.Id.Span), call.Context.ClientGone);
        IReadOnlyList<KeyValuePair<string, string>> headers = await parameters.OfAsync(call, underWay.Stopped);
        ReadOnlyMemory<byte> request = Translation.ToStateless(call.Body, client.Session, client.Live.LogLevel);
        ReadOnlyMemory<byte> id = call.Id;
        try
        {
            for (int round = 0; round < MostRounds; round++)
            {
                UpstreamMessage result = await AskAsync(call, request, id, headers, answer, underWay.Stopped);
                if (!AsksForInput(result))
                {
                    JsonChange[] changes = result.Id.IsEmpty || round > 0 ? [JsonChange.Set(call.Id, "id")] : [];
                    await answer.FinishAsync(call.Rewritten(Translation.FromStateless(result, changes)), result.Kind, StatusFor(result));
                    return;
                }

                ReadOnlyMemory<byte>? responses = await GatherAsync(call, client, result, answer, underWay.Stopped);
                if (responses is null) return;
                // The same request again, under a new id (MCP 2026-07-28, "Client Requirements").
                id = JsonEdit.Text($"mcpx-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}");
                request = Repeat(call, client, result, id, responses.Value);
            }
        }
        catch (OperationCanceledException) when (underWay.WasCancelled)
        {
            await answer.RefuseAsync(CallOutcome.ClientAborted, ProxyErrors.Cancelled);
            return;
        }

        throw new UpstreamAnswerException($"The server asked for input more than {MostRounds} times.");
    }

    private async Task<UpstreamMessage> AskAsync(
        BridgedCall call, ReadOnlyMemory<byte> request, ReadOnlyMemory<byte> id, IReadOnlyList<KeyValuePair<string, string>> headers, ClientAnswer answer, CancellationToken stopped)
    {
        using CallDeadline deadline = CallDeadline.ForCall(time, call.Hop.Route.Server, call.Context.IsHealthProbe, stopped);
        await using IAsyncEnumerator<UpstreamMessage> messages = upstream.AskAsync(call.Hop, request, id, call.Method, call.Name, headers, deadline).GetAsyncEnumerator(stopped);
        while (await answer.WaitAsync(messages.MoveNextAsync(), stopped))
        {
            if (messages.Current.IsAnswer) return messages.Current;
            await answer.SendAsync(messages.Current.Json, stopped);
        }

        throw new UpstreamAnswerException("The server ended its stream without an answer.");
    }

    /// <summary>Asks the client everything that the server wants to know, all at once; null when that ended the call.</summary>
    private async Task<ReadOnlyMemory<byte>?> GatherAsync(BridgedCall call, SessionClient client, UpstreamMessage result, ClientAnswer answer, CancellationToken stopped)
    {
        List<(string Key, string Question, Task<UpstreamMessage> Answer)> asked = [];
        try
        {
            foreach (InputRequest input in InputRequest.Of(result))
            {
                if (!client.Session.Declares(input.Capability))
                {
                    await answer.RefuseAsync(CallOutcome.UpstreamError, ProxyErrors.Input("input_unsupported",
                        $"The server asks the client for {input.Method}, which the client did not declare."));
                    return null;
                }

                string question = $"mcpx-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}";
                asked.Add((input.Key, JsonEncoded(question), client.Live.AskAsync(JsonEncoded(question))));
                await answer.SendAsync(input.ToRequest(question), stopped);
            }

            using CancellationTokenSource patience = new(QuestionPatience, time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stopped);
            return await CollectAsync(asked, answer, either.Token);
        }
        catch (OperationCanceledException) when (!stopped.IsCancellationRequested)
        {
            await answer.RefuseAsync(CallOutcome.Timeout, ProxyErrors.Input("input_timeout", "The client did not answer the server's question in time."));
            return null;
        }
        finally
        {
            foreach ((_, string question, _) in asked)
                client.Live.Forget(question);
        }
    }

    private static async Task<ReadOnlyMemory<byte>?> CollectAsync(
        List<(string Key, string Question, Task<UpstreamMessage> Answer)> asked, ClientAnswer answer, CancellationToken patience)
    {
        using MemoryStream stream = new();
        await using Utf8JsonWriter writer = new(stream);
        writer.WriteStartObject();
        foreach ((string key, _, Task<UpstreamMessage> waiting) in asked)
        {
            UpstreamMessage response = await answer.WaitAsync(new ValueTask<UpstreamMessage>(waiting.WaitAsync(patience)), patience);
            if (JsonEdit.Find(response.Json, "result") is not { } given)
            {
                await answer.RefuseAsync(CallOutcome.ToolError, ProxyErrors.Input("input_refused",
                    $"The client did not give what the server asked for: {JsonEdit.FindText(response.Json, "error", "message")}"));
                return null;
            }

            writer.WritePropertyName(key);
            writer.WriteRawValue(given.Span, skipInputValidation: true);
        }

        writer.WriteEndObject();
        await writer.FlushAsync(patience);
        return stream.ToArray();
    }

    private static ReadOnlyMemory<byte> Repeat(BridgedCall call, SessionClient client, UpstreamMessage result, ReadOnlyMemory<byte> id, ReadOnlyMemory<byte> responses)
    {
        ReadOnlyMemory<byte>? state = JsonEdit.Find(result.Json, "result", "requestState");
        return Translation.ToStateless(call.Body, client.Session, client.Live.LogLevel,
            JsonChange.Set(id, "id"),
            JsonChange.Set(responses, "params", "inputResponses"),
            state is { } value ? JsonChange.Set(value, "params", "requestState") : JsonChange.Remove("params", "requestState"));
    }

    private static bool AsksForInput(UpstreamMessage result) =>
        result.Kind is AnswerKind.Result && JsonEdit.FindText(result.Json, "result", "resultType") == "input_required";

    /// <summary>Session-era clients drop the text of an error whose status is not 200.</summary>
    private static int StatusFor(UpstreamMessage result) => result.Status >= 500 ? result.Status : 200;

    private static string JsonEncoded(string text) => Encoding.UTF8.GetString(JsonEdit.Text(text));
}

/// <summary>One thing that a server wants to know of the client before it goes on.</summary>
/// <param name="Key">The server's name for it.</param>
public sealed record InputRequest(string Key, string Method, ReadOnlyMemory<byte> Parameters)
{
    /// <summary>What a client declares that can answer it.</summary>
    public string Capability => Method.Split('/')[0];

    /// <exception cref="UpstreamAnswerException">The server asks for something that is no such request.</exception>
    public static List<InputRequest> Of(UpstreamMessage result)
    {
        List<InputRequest> requests = [];
        if (JsonEdit.Find(result.Json, "result", "inputRequests") is not { } members) return requests;
        using JsonDocument document = JsonDocument.Parse(members);
        if (document.RootElement.ValueKind is not JsonValueKind.Object) throw Odd();
        foreach (JsonProperty member in document.RootElement.EnumerateObject())
        {
            string? method = member.Value.ValueKind is JsonValueKind.Object && member.Value.TryGetProperty("method", out JsonElement named)
                && named.ValueKind is JsonValueKind.String ? named.GetString() : null;
            if (method is not (RequestMethods.ElicitationCreate or DeprecatedMethods.SamplingCreateMessage or DeprecatedMethods.RootsList)) throw Odd();
            requests.Add(new InputRequest(member.Name, method,
                Encoding.UTF8.GetBytes(member.Value.TryGetProperty("params", out JsonElement given) ? given.GetRawText() : "{}")));
        }

        return requests;
    }

    public byte[] ToRequest(string id) =>
    [
        .. "{\"jsonrpc\":\"2.0\",\"id\":"u8, .. JsonEdit.Text(id), .. ",\"method\":"u8, .. JsonEdit.Text(Method), .. ",\"params\":"u8, .. Parameters.Span, .. "}"u8,
    ];

    private static UpstreamAnswerException Odd() => new("The server asks for input in a way that the protocol does not know.");
}
