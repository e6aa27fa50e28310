using System.Text.Json;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Web.Authentication;

namespace Mcpx.Web.Api;

/// <summary><c>/api/service-accounts</c>.</summary>
internal static class ServiceAccountsApi
{
    private const string What = "service account";

    public static void Map(RouteGroupBuilder read, RouteGroupBuilder write)
    {
        read.MapGet("/service-accounts", ListAsync);
        read.MapGet("/service-accounts/{id}", GetAsync);
        write.MapPost("/service-accounts", CreateAsync);
        write.MapPatch("/service-accounts/{id}", UpdateAsync);
        write.MapDelete("/service-accounts/{id}", DeleteAsync);
        write.MapPost("/service-accounts/{id}/secrets", AddSecretAsync);
        write.MapDelete("/service-accounts/{id}/secrets/{secret}", RevokeSecretAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext http, ServiceAccountAdmin accounts, EndpointNames names)
    {
        Actor actor = ActorResolver.FromToken(http);
        IReadOnlyList<ServiceAccountDetails> listed = await accounts.ListAsync(actor, http.RequestAborted);
        IReadOnlyList<EndpointName> endpoints = await names.ListAsync(actor, http.RequestAborted);
        return Results.Ok(new { items = listed.Select(a => ServiceAccountAnswer.From(a, endpoints)) });
    }

    private static async Task<IResult> GetAsync(HttpContext http, ServiceAccountAdmin accounts, EndpointNames names, string id)
    {
        Actor actor = ActorResolver.FromToken(http);
        return Results.Ok(ServiceAccountAnswer.From(await accounts.GetAsync(actor, Id(id), http.RequestAborted), await names.ListAsync(actor, http.RequestAborted)));
    }

    private static async Task<IResult> CreateAsync(HttpContext http, ServiceAccountAdmin accounts, EndpointNames names, ServiceAccountBody body)
    {
        Actor actor = ActorResolver.FromToken(http);
        ServiceAccountDetails created = await accounts.CreateAsync(actor, body.ToInput(), http.RequestAborted);
        return Results.Created($"/api/service-accounts/{created.Account.Id}", ServiceAccountAnswer.From(created, await names.ListAsync(actor, http.RequestAborted)));
    }

    private static async Task<IResult> UpdateAsync(HttpContext http, ServiceAccountAdmin accounts, EndpointNames names, string id, ServiceAccountBody body)
    {
        Actor actor = ActorResolver.FromToken(http);
        ServiceAccountDetails changed = await accounts.UpdateAsync(actor, Id(id), body.ToInput(), http.RequestAborted);
        return Results.Ok(ServiceAccountAnswer.From(changed, await names.ListAsync(actor, http.RequestAborted)));
    }

    private static async Task<IResult> DeleteAsync(HttpContext http, ServiceAccountAdmin accounts, string id)
    {
        await accounts.DeleteAsync(ActorResolver.FromToken(http), Id(id), http.RequestAborted);
        return Results.NoContent();
    }

    private static async Task<IResult> AddSecretAsync(HttpContext http, ServiceAccountAdmin accounts, string id, SecretBody body)
    {
        IssuedSecret issued = await accounts.AddSecretAsync(ActorResolver.FromToken(http), Id(id), body.ExpiresInDays, http.RequestAborted);
        // The one answer that carries the text must not stay in a cache.
        http.Response.Headers.CacheControl = "no-store";
        return Results.Created($"/api/service-accounts/{id}", SecretAnswer.From(issued.Secret, issued.Text));
    }

    private static async Task<IResult> RevokeSecretAsync(HttpContext http, ServiceAccountAdmin accounts, string id, string secret)
    {
        await accounts.RevokeSecretAsync(ActorResolver.FromToken(http), Id(id), ApiInput.Id<ServiceAccountSecretId>(secret, "secret"), http.RequestAborted);
        return Results.NoContent();
    }

    private static ServiceAccountId Id(string text) => ApiInput.Id<ServiceAccountId>(text, What);
}

/// <param name="Jwks">A JWK set as JSON; an empty object takes the keys away.</param>
internal sealed record ServiceAccountBody(
    string? Name = null, string? Description = null, Role? Role = null, IReadOnlyList<string>? Scopes = null,
    IReadOnlyList<string>? Endpoints = null, IReadOnlyList<string>? Tools = null, JsonElement? Jwks = null, bool? Enabled = null)
{
    public ServiceAccountInput ToInput() => new(Name, Description, Role, Scopes, Endpoints, Tools, JwksText(), Enabled);

    private string? JwksText() => Jwks switch
    {
        null or { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined } => null,
        { ValueKind: JsonValueKind.Object } set when !set.EnumerateObject().Any() => "",
        { } set => set.GetRawText(),
    };
}

internal sealed record SecretBody(int? ExpiresInDays = null);

/// <param name="ClientId">For the token endpoint; the same as the id.</param>
internal sealed record ServiceAccountAnswer(
    string Id, string ClientId, string Name, string Description, Role Role, IReadOnlyList<string> Scopes, IReadOnlyList<string>? Endpoints, IReadOnlyList<string>? Tools,
    JsonElement? Jwks, bool Enabled, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? LastUsedAt, IReadOnlyList<SecretAnswer> Secrets)
{
    public static ServiceAccountAnswer From(ServiceAccountDetails details, IReadOnlyList<EndpointName> names)
    {
        ServiceAccount a = details.Account;
        return new ServiceAccountAnswer(a.Id.ToString(), a.Id.ToString(), a.Name, a.Description, a.Role, a.Scopes.ToNames(), TokenAnswer.PathsOf(a.Limits, names), a.Limits.Tools,
            a.Jwks is null ? null : JsonElement.Parse(a.Jwks), a.IsEnabled, a.CreatedAt, a.UpdatedAt, a.LastUsedAt, [.. details.Secrets.Select(s => SecretAnswer.From(s, null))]);
    }
}

/// <param name="Secret">The text, in the answer to its making only.</param>
internal sealed record SecretAnswer(
    string Id, string Hint, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? RevokedAt, DateTimeOffset? LastUsedAt, string? Secret)
{
    public static SecretAnswer From(ServiceAccountSecret secret, Secret? text) =>
        new(secret.Id.ToString(), secret.Hint, secret.CreatedAt, secret.ExpiresAt, secret.RevokedAt, secret.LastUsedAt, text?.Reveal());

    public override string ToString() => nameof(SecretAnswer);
}
