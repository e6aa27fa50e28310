using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy.Gateways;
using Mcpx.Core.Servers;
using Mcpx.Web.Authentication;
using Mcpx.Web.Hosting;

namespace Mcpx.Web.Api;

/// <summary><c>/api/servers</c>.</summary>
internal static class ServersApi
{
    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/servers", ListAsync);
        read.MapGet("/servers/{id}", GetAsync);
        read.MapGet("/servers/{id}/dependents", GetDependentsAsync);
        write.MapPost("/servers", CreateAsync);
        write.MapPatch("/servers/{id}", UpdateAsync);
        write.MapDelete("/servers/{id}", DeleteAsync);
        write.MapPost("/servers/{id}/test", TestAsync);
        write.MapPost("/servers/test", TestDraftAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext http, ServerAdmin servers, ServerAnswers answers, string? after, int? size, string? tag)
    {
        Actor actor = ActorResolver.FromToken(http);
        Page<ServerDetails> page = await servers.ListAsync(actor, after, size ?? ServerAdmin.LargestPage, tag, http.RequestAborted);
        return Results.Ok(new { items = page.Items.Select(s => answers.Of(http, s)), next = page.Next });
    }

    private static async Task<IResult> GetAsync(HttpContext http, ServerAdmin servers, ServerAnswers answers, string id) =>
        Results.Ok(answers.Of(http, await servers.GetAsync(ActorResolver.FromToken(http), Id(id), http.RequestAborted)));

    private static async Task<IResult> CreateAsync(HttpContext http, ServerAdmin servers, ServerAnswers answers, ServerBody body)
    {
        ServerDetails created = await servers.CreateAsync(ActorResolver.FromToken(http), body.ToNew(), http.RequestAborted);
        return Results.Created($"/api/servers/{created.Server.Id}", answers.Of(http, created));
    }

    private static async Task<IResult> UpdateAsync(HttpContext http, ServerAdmin servers, ServerAnswers answers, string id, ServerBody body)
    {
        ServerDetails updated = await servers.UpdateAsync(ActorResolver.FromToken(http), Id(id), body.ToChange(), http.RequestAborted);
        return Results.Ok(answers.Of(http, updated));
    }

    private static async Task<IResult> DeleteAsync(HttpContext http, ServerAdmin servers, string id)
    {
        await servers.DeleteAsync(ActorResolver.FromToken(http), Id(id), http.RequestAborted);
        return Results.NoContent();
    }

    private static async Task<IResult> TestAsync(HttpContext http, ConnectionTest test, string id)
    {
        ConnectionReport report = await test.RunAsync(ActorResolver.FromToken(http), Id(id), onStep: null, http.RequestAborted);
        return Results.Ok(ConnectionAnswer.From(report));
    }

    private static async Task<IResult> TestDraftAsync(HttpContext http, ConnectionTest test, ServerBody body)
    {
        ConnectionReport report = await test.RunAsync(ActorResolver.FromToken(http), body.ToNew(), onStep: null, http.RequestAborted);
        return Results.Ok(ConnectionAnswer.From(report));
    }

    private static async Task<IResult> GetDependentsAsync(HttpContext http, ServerAdmin servers, string id) =>
        Results.Ok(DependentsAnswer.From(await servers.FindDependentsAsync(ActorResolver.FromToken(http), Id(id), http.RequestAborted)));

    private static ServerId Id(string text) => ApiInput.Id<ServerId>(text, "server");
}

/// <summary>Makes a server's answer, with how calls to it fare at this replica.</summary>
internal sealed class ServerAnswers(GatewayExplainer explainer, PublicAddress address)
{
    public ServerAnswer Of(HttpContext http, ServerDetails details) => ServerAnswer.From(
        details, explainer.CircuitOf(ActorResolver.FromToken(http), details.Server.Id), http.Features.Get<Caller>()!.Home.Slug, address);
}
