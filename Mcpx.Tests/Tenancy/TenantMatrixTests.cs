using System.Net;
using System.Text;
using Mcpx.Tests.Browser;
using Mcpx.Tests.Fixtures;
using Mcpx.Web.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Tenancy;

/// <summary>
/// Every endpoint and every page × every id of another organisation × every kind of caller: refused, and not one byte of
/// the other's data.
/// </summary>
public sealed class TenantMatrixTests(GatewayFixture gateway, BrowserFixture browser, PostgresFixture postgres) : IClassFixture<GatewayFixture>
{
    private static readonly HttpStatusCode[] Refusals = [HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden, HttpStatusCode.NotFound];

    [Fact]
    public async Task Every_endpoint_of_the_manifest_has_its_row()
    {
        var manifest = (await File.ReadAllLinesAsync(Path.Combine(AppContext.BaseDirectory, "Architecture", "endpoints.txt"), TestContext.Current.CancellationToken))
            .Where(line => line.Length > 0).Select(line => line[..line.LastIndexOf(' ')]).ToList();

        manifest.Except(TenantMatrix.Rows.Keys).ShouldBeEmpty("Say in TenantMatrix how a stranger would try these.");
        TenantMatrix.Rows.Keys.Except(manifest).ShouldBeEmpty("These are no longer answered.");
    }

    [Fact]
    public async Task Strangers_are_refused_everywhere_and_read_nothing()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        var admin = await postgres.GetAdminConnectionStringAsync(new NpgsqlConnectionStringBuilder(gateway.ConnectionString).Database!);
        var victim = await Victim.CreateAsync(gateway, upstream.Url);
        var outsiders = await Outsider.AllAsync(gateway);
        var organization = gateway.Services.GetRequiredService<FirstOwner>().Owner.Organization.Id.Value;
        var before = await Victim.StateAsync(admin, organization);
        List<string> faults = [];
        var tried = 0;

        foreach (var (endpoint, probe) in TenantMatrix.Rows)
        {
            foreach (var outsider in outsiders)
            {
                foreach (var attempt in AttemptsOf(endpoint, probe, victim))
                {
                    tried++;
                    var answer = await SendAsync(outsider, attempt);
                    var what = $"{outsider.Name}: {attempt.Method} {attempt.Path} → {(int)answer.Status}";
                    var leaks = victim.LeaksIn(answer.Text, $"{attempt.Path} {attempt.Body}");
                    if (leaks.Count > 0) faults.Add($"{what} shows {string.Join(", ", leaks)}");
                    if ((int)answer.Status >= 500) faults.Add($"{what}: {answer.Text}");
                    if (attempt.MustBeRefused && !IsRefusal(answer)) faults.Add($"{what}: {answer.Text}");
                    if (attempt.MustFail && (int)answer.Status < 400 && !IsRefusal(answer)) faults.Add($"{what}: {answer.Text}");
                }
            }
        }

        faults.ShouldBeEmpty();
        tried.ShouldBeGreaterThan(200);
        (await Victim.StateAsync(admin, organization)).ShouldBe(before);
        upstream.Requests.Count(r => r.Text.Contains(TenantMatrix.StrangersCall, StringComparison.Ordinal)).ShouldBe(0, "a stranger's call reached the server");
    }

    /// <summary>Inside a circuit no request is made: the pages themselves have to refuse.</summary>
    [Fact]
    public async Task A_circuit_that_is_led_to_foreign_addresses_shows_that_nothing_lives_there()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var other = new GatewayFixture(postgres);
        await other.StartAsync();
        var victim = await Victim.CreateAsync(other, upstream.Url);
        var cookie = (await Outsider.AllAsync(other)).Single(o => o.Name == "browser of the other Owner").Cookie!.Split('=', 2);
        await using var visit = await browser.OpenAsync(other.Url);
        await visit.Page.Context.AddCookiesAsync([new() { Name = cookie[0], Value = cookie[1], Url = other.Url.ToString() }]);

        var paths = TenantMatrix.Rows.Values.SelectMany(PagesOf).Select(path => victim.Fill(path, Outsider.Organization)).ToList();
        paths.Count.ShouldBeGreaterThan(8);
        foreach (var path in paths)
        {
            await visit.GoToInteractiveAsync($"/{Outsider.Organization}/servers");
            await visit.Page.EvaluateAsync("path => Blazor.navigateTo(path)", path);
            await Assertions.Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "Nothing lives at this address" })).ToBeVisibleAsync();
            victim.LeaksIn(await visit.Page.ContentAsync(), path).ShouldBeEmpty(path);
        }
    }

    private static IEnumerable<string> PagesOf(Probe probe) => probe switch
    {
        Probe.Foreign foreign => foreign.Paths.Where(path => path.StartsWith("/{org}", StringComparison.Ordinal)),
        Probe.Page page => [page.Elsewhere, page.Within],
        _ => [],
    };

    private static IEnumerable<Attempt> AttemptsOf(string endpoint, Probe probe, Victim victim)
    {
        string Fill(string text) => victim.Fill(text, Outsider.Organization);
        var method = endpoint.Split(' ')[0] switch { "ANY" => "POST", var m => m.Split(',')[0] };
        return probe switch
        {
            Probe.Foreign foreign => foreign.Paths.Select(path => new Attempt(method, Fill(path), foreign.Body is null ? null : Fill(foreign.Body), MustBeRefused: true, MustFail: true)),
            Probe.Page page => [new Attempt(method, Fill(page.Elsewhere), null, true, true), new Attempt(method, Fill(page.Within), null, true, true)],
            Probe.Own own => [new Attempt(method, Fill(own.Path), own.Body is null ? null : Fill(own.Body), false, own.MustFail)],
            _ => [],
        };
    }

    private async Task<Answer> SendAsync(Outsider outsider, Attempt attempt)
    {
        List<(string, string)> headers = [];
        if (outsider.Authorization is { } authorization) headers.Add(("Authorization", authorization));
        if (outsider.Cookie is { } cookie) headers.Add(("Cookie", cookie));
        if (!attempt.Path.StartsWith("/api", StringComparison.Ordinal) && !attempt.Path.StartsWith("/mcp", StringComparison.Ordinal)) headers.Add(("Accept", "text/html"));
        var answer = await gateway.SendAsync(new HttpMethod(attempt.Method), attempt.Path, attempt.Body is null ? null : Encoding.UTF8.GetBytes(attempt.Body), "", [.. headers]);
        return new Answer(answer.Status, answer.Body + string.Join('\n', answer.Headers.Select(h => $"{h.Key}: {string.Join(' ', h.Value)}")),
            answer.Headers.TryGetValues("Location", out var location) ? location.Single() : null);
    }

    /// <summary>A browser is led to the sign-in page instead of being told 401.</summary>
    private static bool IsRefusal(Answer answer) =>
        Refusals.Contains(answer.Status) || answer is { Status: HttpStatusCode.Found, Location: { } to } && new Uri(new Uri("http://x"), to).AbsolutePath == "/sign-in";

    private sealed record Attempt(string Method, string Path, string? Body, bool MustBeRefused, bool MustFail);

    private sealed record Answer(HttpStatusCode Status, string Text, string? Location);
}
