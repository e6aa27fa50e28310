using Mcpx.Tests.Fixtures;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.StaticAssets;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Architecture;

/// <summary>
/// Every address that the application answers, with its methods and its policy, in one file to review: a new one, or one
/// that lost its policy, shows up in the diff.
/// </summary>
public sealed class EndpointManifestTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Architecture");

    [Fact]
    public async Task The_endpoints_are_those_of_the_manifest()
    {
        var actual = gateway.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>().Select(Line).Distinct().Order(StringComparer.Ordinal).ToList();
        await File.WriteAllLinesAsync(Path.Combine(Folder, "endpoints.actual.txt"), actual, TestContext.Current.CancellationToken);

        var expected = (await File.ReadAllLinesAsync(Path.Combine(Folder, "endpoints.txt"), TestContext.Current.CancellationToken)).Where(l => l.Length > 0).ToList();

        actual.Except(expected).ShouldBeEmpty("These are not in Architecture/endpoints.txt.");
        expected.Except(actual).ShouldBeEmpty("These are in Architecture/endpoints.txt and no longer answered.");
    }

    private static string Line(RouteEndpoint endpoint)
    {
        if (endpoint.Metadata.GetMetadata<StaticAssetDescriptor>() is not null) return "GET,HEAD (static assets) open";
        var methods = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods;
        var policies = endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(a => a.Policy ?? "signed-in").Distinct();
        var access = endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null ? "open" : string.Join('+', policies.DefaultIfEmpty("open"));
        return $"{(methods is { Count: > 0 } ? string.Join(',', methods.Order(StringComparer.Ordinal)) : "ANY")} /{endpoint.RoutePattern.RawText?.TrimStart('/')} {access}";
    }
}
