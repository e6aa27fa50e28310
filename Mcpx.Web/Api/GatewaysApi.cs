using Mcpx.Core.Gateways;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy.Gateways;
using Mcpx.Web.Authentication;
using Mcpx.Web.Hosting;

namespace Mcpx.Web.Api;

/// <summary><c>/api/gateways</c>.</summary>
internal static class GatewaysApi
{
    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/gateways", ListAsync);
        read.MapGet("/gateways/{id}", GetAsync);
        read.MapGet("/gateways/{id}/catalog", GetCatalogAsync);
        write.MapPost("/gateways", CreateAsync);
        write.MapPatch("/gateways/{id}", UpdateAsync);
        write.MapDelete("/gateways/{id}", DeleteAsync);
        write.MapPost("/gateways/{id}/refresh", RefreshAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext http, GatewayAdmin gateways, PublicAddress address, string? after, int? size)
    {
        Page<GatewayDetails> page = await gateways.ListAsync(ActorResolver.FromToken(http), after, size ?? GatewayAdmin.LargestPage, http.RequestAborted);
        return Results.Ok(new { items = page.Items.Select(g => GatewayAnswer.From(g, Slug(http), address)), next = page.Next });
    }

    private static async Task<IResult> GetAsync(HttpContext http, GatewayAdmin gateways, PublicAddress address, string id) =>
        Results.Ok(GatewayAnswer.From(await gateways.GetAsync(ActorResolver.FromToken(http), Id(id), http.RequestAborted), Slug(http), address));

    private static async Task<IResult> CreateAsync(HttpContext http, GatewayAdmin gateways, PublicAddress address, NewGateway body)
    {
        GatewayDetails created = await gateways.CreateAsync(ActorResolver.FromToken(http), body, http.RequestAborted);
        return Results.Created($"/api/gateways/{created.Gateway.Id}", GatewayAnswer.From(created, Slug(http), address));
    }

    private static async Task<IResult> UpdateAsync(HttpContext http, GatewayAdmin gateways, PublicAddress address, string id, GatewayChange body) =>
        Results.Ok(GatewayAnswer.From(await gateways.UpdateAsync(ActorResolver.FromToken(http), Id(id), body, http.RequestAborted), Slug(http), address));

    private static async Task<IResult> DeleteAsync(HttpContext http, GatewayAdmin gateways, string id)
    {
        await gateways.DeleteAsync(ActorResolver.FromToken(http), Id(id), http.RequestAborted);
        return Results.NoContent();
    }

    private static async Task<IResult> GetCatalogAsync(HttpContext http, GatewayExplainer explainer, string id) =>
        Results.Ok(CatalogAnswer.From(await explainer.ShowAsync(ActorResolver.FromToken(http), Id(id), http.RequestAborted)));

    private static async Task<IResult> RefreshAsync(HttpContext http, GatewayExplainer explainer, string id) =>
        Results.Ok(CatalogAnswer.From(await explainer.RefreshAsync(ActorResolver.FromToken(http), Id(id), http.RequestAborted)));

    private static GatewayId Id(string text) => ApiInput.Id<GatewayId>(text, "gateway");

    private static string Slug(HttpContext http) => http.Features.Get<Caller>()!.Home.Slug;
}

/// <summary>A gateway as the API shows it; its members can be sent back as they are.</summary>
internal sealed record GatewayAnswer(
    string Id, string Slug, string Name, string Description, string Endpoint, FailureMode FailureMode, bool Enabled,
    IReadOnlyList<MemberAnswer> Members, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static GatewayAnswer From(GatewayDetails details, string organization, PublicAddress address)
    {
        VirtualGateway gateway = details.Gateway;
        return new GatewayAnswer(gateway.Id.ToString(), gateway.Slug, gateway.Name, gateway.Description,
            address.To($"/mcp/{organization}/gateway/{gateway.Slug}"), gateway.FailureMode, gateway.Enabled,
            [.. details.Members.Select(MemberAnswer.From)], gateway.CreatedAt, gateway.UpdatedAt);
    }
}

/// <param name="Prefix">The member's own, empty for none; null when it takes the server's.</param>
/// <param name="EffectivePrefix">The one that holds.</param>
/// <param name="Tools">Null: all, also those that come later.</param>
internal sealed record MemberAnswer(string Server, string ServerSlug, string? Prefix, string EffectivePrefix, IReadOnlyList<string>? Tools, IReadOnlyList<ToolOverride> Overrides)
{
    public static MemberAnswer From(MemberDetails details) => new(details.Server.Id.ToString(), details.Server.Slug,
        details.Member.Prefix, details.EffectivePrefix, details.Member.Tools, details.Member.Overrides);
}
