using System.Text.Json.Nodes;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Fixtures;
using Mcpx.Web.Authentication.Providers;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Mcpx.Tests.SignIn;

/// <summary>A gateway on which all four providers are on, and all of them are the fake one.</summary>
public sealed class SignInFixture(PostgresFixture postgres) : IAsyncLifetime
{
    public static readonly string[] Providers = ["google", "microsoft", "github", "oidc"];

    public FakeIdentityProvider Fake { get; private set; } = null!;

    public GatewayFixture Gateway { get; } = new(postgres);

    public IServiceProvider Services => Gateway.Services;

    /// <summary>One of a test's own, not yet started.</summary>
    public SignInFixture Another() => new(postgres);

    public ValueTask InitializeAsync() => StartAsync();

    public async ValueTask StartAsync(params (string Key, string Value)[] settings)
    {
        Fake = await FakeIdentityProvider.StartAsync();
        await Gateway.StartAsync(null, builder =>
        {
            // Their addresses are no settings: in production nobody but they may speak for them.
            builder.Services.PostConfigure<ProviderOptions>("google", o => o.Settings = o.Settings with { Authority = Fake.Url + "/google" });
            builder.Services.PostConfigure<ProviderOptions>("microsoft", o => o.Settings = o.Settings with { Authority = Fake.Url + "/microsoft" });
        }, [
            .. new[] { "GOOGLE", "MICROSOFT", "GITHUB", "OIDC" }.SelectMany(p => new[] { (p + "_CLIENT_ID", FakeIdentityProvider.ClientId), (p + "_CLIENT_SECRET", FakeIdentityProvider.ClientSecret) }),
            ("GITHUB_URL", Fake.Url + "/github"), ("OIDC_ISSUER", Fake.Url + "/oidc"), ("OIDC_NAME", "Example SSO"), .. settings,
        ]);
    }

    /// <summary>Whoever signs in at the provider next. The address is verified, in each provider's own way.</summary>
    public JsonObject Person(string provider, string name, string? email = null, string? subject = null)
    {
        subject ??= System.Security.Cryptography.RandomNumberGenerator.GetHexString(16);
        return Fake.People[provider] = provider switch
        {
            "github" => new JsonObject
            {
                ["id"] = (long)Convert.ToUInt32(subject[..8], 16),
                ["login"] = "login",
                ["name"] = name,
                ["emails"] = email is null ? new JsonArray() : new JsonArray(new JsonObject { ["email"] = email, ["primary"] = true, ["verified"] = true }),
            },
            "microsoft" => new JsonObject { ["sub"] = "pairwise-" + subject, ["oid"] = subject, ["tid"] = "11111111-2222-3333-4444-555555555555", ["name"] = name, ["email"] = email, ["xms_edov"] = true },
            "google" => new JsonObject { ["sub"] = subject, ["name"] = name, ["email"] = email, ["email_verified"] = true, ["hd"] = email?.Split('@')[1] },
            _ => new JsonObject { ["sub"] = subject, ["name"] = name, ["email"] = email, ["email_verified"] = true, ["groups"] = new JsonArray() },
        };
    }

    public SignInClient Browser() => new(Gateway.Url);

    /// <summary>The whole way through a provider; returns where it ended.</summary>
    public async Task<string> SignInAsync(string provider, SignInClient? browser = null)
    {
        using var own = browser is null ? Browser() : null;
        var client = browser ?? own!;
        return await client.ReturnAsync(await client.AuthorizeAsync(await client.StartAsync(provider)));
    }

    /// <summary>The login's user, found by the name that the provider gave; null when there is none.</summary>
    public async Task<IReadOnlyList<UserId>> UsersNamedAsync(string loginName)
    {
        await using var database = NpgsqlDataSource.Create(Gateway.ConnectionString);
        await using var command = database.CreateCommand("SELECT DISTINCT user_id FROM external_logins WHERE name = $1 ORDER BY user_id");
        command.Parameters.Add(new() { Value = loginName });
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        List<UserId> users = [];
        while (await reader.ReadAsync(TestContext.Current.CancellationToken)) users.Add(UserId.From(reader.GetGuid(0)));
        return users;
    }

    public async Task<UserId> UserNamedAsync(string loginName) => (await UsersNamedAsync(loginName)).Single();

    public Task<Account> AccountAsync(UserId user) => Services.GetRequiredService<AccountAdmin>().GetAsync(user, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Fake.DisposeAsync();
    }
}
