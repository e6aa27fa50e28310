using System.Text.Json;
using System.Text.Json.Serialization;
using Mcpx.Web.Authentication;
using Microsoft.AspNetCore.Http.Json;

namespace Mcpx.Web.Api;

/// <summary>Door 3: automation.</summary>
internal static class ApiEndpoints
{
    private const long LongestBody = 1 << 20;

    public static void AddMcpxApi(this IServiceCollection services)
    {
        services.AddProblemDetails();
        services.AddExceptionHandler<RefusalHandler>();
        // A body that can't be read is answered with what is wrong in it, in every environment.
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
        services.Configure<JsonOptions>(o =>
        {
            o.SerializerOptions.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
            o.SerializerOptions.RespectNullableAnnotations = true;
            // A governance without its mode must not become the mode that restricts nothing.
            o.SerializerOptions.RespectRequiredConstructorParameters = true;
            o.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            o.SerializerOptions.AllowDuplicateProperties = false;
            o.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.Never;
            o.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
        });
    }

    /// <summary>Unknown paths, methods and media types are answered as problem details too. Before authentication.</summary>
    public static void UseMcpxApi(this IApplicationBuilder app) =>
        app.UseWhen(http => http.Request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase), api => api.UseStatusCodePages());

    public static void MapMcpxApi(this IEndpointRouteBuilder endpoints)
    {
        RouteGroupBuilder read = endpoints.MapGroup("/api").RequireAuthorization(Policies.ApiRead);
        RouteGroupBuilder write = endpoints.MapGroup("/api").RequireAuthorization(Policies.ApiWrite)
            .WithMetadata(new Microsoft.AspNetCore.Mvc.RequestSizeLimitAttribute(LongestBody));
        ServersApi.Map(read, write);
        GatewaysApi.Map(read, write);
        TokensApi.Map(read, write);
        CallsApi.Map(read);
    }
}
