using System.Text;
using System.Text.Json;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Protocol;

namespace Mcpx.Core.Proxy.Bridge;

/// <summary>Where the answer to a server's question has to go.</summary>
/// <param name="Session">The server's id of its session; null when it assigned none.</param>
/// <param name="Version">The revision that the session speaks.</param>
/// <param name="Id">The question's id as the server wrote it, raw JSON.</param>
public sealed record QuestionRoute(ServerId Server, string? Session, string Version, string Id);

/// <summary>
/// Questions of session-era servers (elicitation, sampling, roots, ping) on their way to a session-era client. Several
/// servers may ask under the same id, so each question gets an id that says, sealed, where its answer goes: any replica can
/// send it there.
/// </summary>
public sealed class ServerQuestions(SealedValues seal)
{
    private const string Kind = "question";

    private static readonly TimeSpan Life = TimeSpan.FromHours(1);

    public ReadOnlyMemory<byte> Mark(Caller caller, string place, UpstreamSession session, UpstreamMessage question)
    {
        byte[] route = JsonSerializer.SerializeToUtf8Bytes(
            new QuestionRoute(session.Hop.Route.Server.Id, session.Id, session.Version, Encoding.UTF8.GetString(question.Id.Span)));
        return Translation.Edit(question.Json, JsonChange.Set("mcpx." + seal.Seal(caller, Kind, place, route, Life), "id"));
    }

    /// <summary>Null when the answer is to no question of ours to this caller.</summary>
    /// <param name="id">The answer's id as raw JSON.</param>
    public QuestionRoute? Find(Caller caller, string place, ReadOnlyMemory<byte> id) =>
        id.Span.StartsWith("\"mcpx."u8) && seal.Open(caller, Kind, place, Encoding.UTF8.GetString(id.Span[6..^1])) is { } route
            ? JsonSerializer.Deserialize<QuestionRoute>(route)
            : null;
}
