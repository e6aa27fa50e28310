using System.Text.Json;
using System.Text.Json.Serialization;
using Mcpx.Web.Authentication;
using Microsoft.AspNetCore.Http.Json;

namespace Mcpx.Web.Api;

/// <summary>Door 3: automation.</summary>
internal static class ApiEndpoints
{
    public static void AddMcpxApi(this IServiceCollection services)
    {
        services.AddProblemDetails();
        services.AddExceptionHandler<RefusalHandler>();
        services.AddSingleton<ServerAnswers>();
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

    /// <summary>Unknown paths, methods, media types and bodies too long are answered as problem details too. Before authentication.</summary>
    public static void UseMcpxApi(this IApplicationBuilder app) =>
        app.UseWhen(
            http => http.Request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase),
            api => api.UseStatusCodePages().UseMiddleware<BodyLimit>());

    public static void MapMcpxApi(this IEndpointRouteBuilder endpoints)
    {
        RouteGroupBuilder read = endpoints.MapGroup("/api").RequireAuthorization(Policies.ApiRead);
        RouteGroupBuilder write = endpoints.MapGroup("/api").RequireAuthorization(Policies.ApiWrite);
        ServersApi.Map(read, write);
        GovernanceApi.Map(read, write);
        RecordingApi.Map(read, write);
        RetentionApi.Map(read, write);
        OperationsApi.Map(read);
        AccessApi.Map(read, write);
        LimitsApi.Map(read, write);
        ToolPinsApi.Map(read, write);
        PolicyEngineApi.Map(read, write);
        RedactionApi.Map(read, write);
        GatewaysApi.Map(read, write);
        TokensApi.Map(read, write);
        ServiceAccountsApi.Map(read, write);
        CallsApi.Map(read, write);
        MetricsApi.Map(read, write);
        ExportsApi.Map(read, write);
        LogStreamsApi.Map(read, write);
        AuditApi.Map(read);
        AuditChainApi.Map(read);
        GroupRolesApi.Map(read, write);
        OrganizationApi.Map(read, write);
        MembersApi.Map(read, write);
        InvitationsApi.Map(read, write);
        KeysApi.Map(read, write);
    }
}
