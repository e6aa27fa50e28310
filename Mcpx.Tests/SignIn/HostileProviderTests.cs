using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Core.Egress;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Mcpx.Web.Authentication.Providers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.SignIn;

/// <summary>Whatever a provider answers, people get a sentence and nobody gets in.</summary>
public sealed class HostileProviderTests(SignInFixture signIn) : IClassFixture<SignInFixture>, IDisposable
{
    private static readonly Dictionary<string, Func<HttpContext, Task>> Answers = new()
    {
        ["nothing"] = http => Task.CompletedTask,
        ["no JSON"] = http => http.Response.WriteAsync("<html><script>alert(1)</script>"),
        ["an array"] = http => FakeIdentityProvider.JsonAsync(http, new JsonArray()),
        ["null"] = http => http.Response.WriteAsync("null"),
        ["an empty object"] = http => FakeIdentityProvider.JsonAsync(http, new JsonObject()),
        ["texts where objects belong"] = http => FakeIdentityProvider.JsonAsync(http, new JsonObject { ["access_token"] = new JsonArray(1), ["id_token"] = new JsonObject(), ["id"] = "x", ["sub"] = 1 }),
        ["deep nesting"] = http => http.Response.WriteAsync(new string('[', 100_000)),
        ["invalid UTF-8"] = http => http.Response.Body.WriteAsync(new byte[] { (byte)'{', 0xFF, 0xFE }).AsTask(),
        ["too much"] = async http =>
        {
            var part = Encoding.UTF8.GetBytes("{\"a\":\"" + new string('x', 1 << 16));
            for (var i = 0; i < 64; i++) await http.Response.Body.WriteAsync(part);
        },
        ["a redirect"] = http =>
        {
            http.Response.Redirect("http://169.254.169.254/latest/meta-data");
            return Task.CompletedTask;
        },
        ["a failure"] = http => FakeIdentityProvider.JsonAsync(http, new JsonObject(), 500),
        ["a refusal"] = http => FakeIdentityProvider.JsonAsync(http, new JsonObject { ["error"] = "<b>\r\n2026 forged log line</b>" }, 400),
        ["a broken connection"] = http =>
        {
            http.Abort();
            return Task.CompletedTask;
        },
    };

    public static MatrixTheoryData<string, string> Cases { get; } = new(["google/token", "oidc/token", "github/access_token", "github/user"], Answers.Keys);

    public void Dispose() => signIn.Fake.Reset();

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Ends_in_a_sentence(string where, string answer)
    {
        var (provider, hostile) = (where.Split('/')[0], where.Split('/')[1]);
        signIn.Person(provider, "Nobody");
        signIn.Fake.Interfere = async (http, _, endpoint) =>
        {
            if (endpoint != hostile) return false;
            await Answers[answer](http);
            return true;
        };
        using var browser = signIn.Browser();
        var end = await signIn.SignInAsync(provider, browser);

        end.ShouldBeOneOf($"/sign-in?problem=answer&provider={provider}", $"/sign-in?problem=unreachable&provider={provider}");
        browser.Cookies.Keys.ShouldNotContain("mcpx");
        var page = await (await browser.GetAsync(end)).Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        page.ShouldNotContain("alert(1)");
        page.ShouldNotContain("forged");
    }

    [Fact]
    public async Task A_provider_that_does_not_answer_in_time_is_said_to_be_away()
    {
        var options = signIn.Services.GetRequiredService<IOptionsMonitor<ProviderOptions>>().Get("github");
        options.Backchannel.Timeout.ShouldBe(TimeSpan.FromSeconds(10));
        var never = new TaskCompletionSource();
        signIn.Person("github", "Slow");
        signIn.Fake.Interfere = async (http, _, endpoint) =>
        {
            if (endpoint != "access_token") return false;
            await never.Task.WaitAsync(http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        (await signIn.SignInAsync("github")).ShouldBe("/sign-in?problem=unreachable&provider=github");
    }

    [Theory]
    [InlineData("issuer", "https://evil.example")]
    [InlineData("token_endpoint", "file:///etc/passwd")]
    [InlineData("authorization_endpoint", "javascript:alert(1)")]
    [InlineData("authorization_endpoint", null)]
    [InlineData("jwks_uri", "http://169.254.169.254/keys")]
    public async Task A_description_that_is_not_the_provider_s_own_begins_no_sign_in(string member, string? value)
    {
        await using var own = new SignInFixtureOfItsOwn(signIn);
        await own.StartAsync(description => description[member] = value);
        using var browser = own.Browser();
        (await browser.StartAsync("oidc")).ShouldBeOneOf("/sign-in?problem=answer&provider=oidc", "/sign-in?problem=unreachable&provider=oidc");
    }

    [Fact]
    public async Task A_new_key_is_found_and_looked_for_once_a_minute_at_most()
    {
        var clock = new TestClock();
        await using var fake = await FakeIdentityProvider.StartAsync();
        var read = 0;
        fake.Interfere = (_, _, endpoint) =>
        {
            if (endpoint == "jwks") Interlocked.Increment(ref read);
            return Task.FromResult(false);
        };
        using var http = new EgressHandlerFactory(AddressGuard.FromConfiguration("127.0.0.0/8,::1/128")).CreateClient();
        var settings = new ProviderSettings(ProviderKind.OpenIdConnect, "id", new Secret("secret"), fake.IssuerOf("oidc")) { Label = "x" };
        using var discovery = new ProviderDiscovery(settings, http, clock);
        var cancelled = TestContext.Current.CancellationToken;

        (await discovery.GetAsync(cancelled)).SigningKeys.Single().KeyId.ShouldBe(IdToken.KeyId(fake.Key));
        fake.Key = RSA.Create(2048);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => discovery.GetNewerAsync(cancelled)));
        read.ShouldBe(1, "The keys were read less than a minute ago.");
        clock.Advance(TimeSpan.FromMinutes(2));
        var found = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => discovery.GetNewerAsync(cancelled)));
        found.ShouldAllBe(f => f.SigningKeys.Single().KeyId == IdToken.KeyId(fake.Key));
        read.ShouldBe(2);

        // A provider that is away does not take the known keys with it.
        fake.Interfere = async (http, _, _) =>
        {
            await FakeIdentityProvider.JsonAsync(http, new JsonObject(), 500);
            return true;
        };
        clock.Advance(TimeSpan.FromHours(11));
        (await discovery.GetAsync(cancelled)).ShouldBe(found[0]);
        clock.Advance(TimeSpan.FromHours(2));
        (await Should.ThrowAsync<ProviderException>(() => discovery.GetAsync(cancelled))).Problem.ShouldBe(ProviderProblem.Unreachable);
    }

    /// <summary>Discovery is read once for a gateway, so a test of it needs a gateway.</summary>
    private sealed class SignInFixtureOfItsOwn(SignInFixture other) : IAsyncDisposable
    {
        private readonly SignInFixture _own = other.Another();

        public async Task StartAsync(Action<JsonObject> edit)
        {
            await _own.StartAsync();
            _own.Fake.Interfere = async (http, provider, endpoint) =>
            {
                if (endpoint != "openid-configuration") return false;
                var url = $"{_own.Fake.Url}/{provider}";
                var description = new JsonObject { ["issuer"] = url, ["authorization_endpoint"] = url + "/authorize", ["token_endpoint"] = url + "/token", ["jwks_uri"] = url + "/jwks" };
                edit(description);
                await FakeIdentityProvider.JsonAsync(http, description);
                return true;
            };
        }

        public SignInClient Browser() => _own.Browser();

        public ValueTask DisposeAsync() => _own.DisposeAsync();
    }
}
