using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Mcpx.Tests.Fixtures;

/// <summary>A person with an account on a gateway and, unless they belong nowhere, a role in an organisation and a token of every scope.</summary>
internal sealed record Colleague(User User, Membership? Membership, string Token)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public Actor Actor => Actor.Of(Membership!, TestChanges.Origin);

    /// <param name="organization">Null takes the gateway's first.</param>
    public static async Task<Colleague> CreateAsync(GatewayFixture gateway, Role role, string? email = null, Organization? organization = null)
    {
        User user = await AddPersonAsync(gateway, organization is null ? $"{role}" : $"{organization.Name} {role}", email);
        organization ??= gateway.Services.GetRequiredService<Mcpx.Web.Hosting.FirstOwner>().Owner.Organization;
        await ExecuteAsync(gateway, "INSERT INTO members (org_id, user_id, role, joined_at, from_groups) VALUES ($1, $2, $3, now(), false)",
            organization.Id.Value, user.Id.Value, (short)role);
        Membership membership = new(organization, user, role);
        IssuedToken token = await gateway.Services.GetRequiredService<TokenAdmin>().CreateAsync(
            Actor.Of(membership, TestChanges.Origin), new NewToken("tests", TokenScopes.All.ToNames()), Cancelled);
        return new Colleague(user, membership, token.Text.Reveal());
    }

    /// <summary>Somebody with an account and no organisation.</summary>
    public static async Task<Colleague> CreateAloneAsync(GatewayFixture gateway, string name, string? email = null, bool verified = true) =>
        new(await AddPersonAsync(gateway, name, email, verified), null, "");

    /// <summary>Behind the back of everything: nobody is told.</summary>
    public Task SetRoleQuietlyAsync(GatewayFixture gateway, Role role) =>
        ExecuteAsync(gateway, "UPDATE members SET role = $2 WHERE user_id = $1", User.Id.Value, (short)role);

    public static async Task ExecuteAsync(GatewayFixture gateway, string sql, params object[] values)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(gateway.ConnectionString);
        await using NpgsqlCommand command = source.CreateCommand(sql);
        foreach (object value in values) command.Parameters.Add(new() { Value = value });
        await command.ExecuteNonQueryAsync(Cancelled);
    }

    public static async Task<object?> QueryAsync(GatewayFixture gateway, string sql, params object[] values)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(gateway.ConnectionString);
        await using NpgsqlCommand command = source.CreateCommand(sql);
        foreach (object value in values) command.Parameters.Add(new() { Value = value });
        return await command.ExecuteScalarAsync(Cancelled);
    }

    private static async Task<User> AddPersonAsync(GatewayFixture gateway, string name, string? email, bool verified = true)
    {
        User user = new(EntityId.New<UserId>(TimeProvider.System), name, email);
        await ExecuteAsync(gateway, "INSERT INTO users (id, name, email, email_verified) VALUES ($1, $2, $3, $4)",
            user.Id.Value, name, (object?)email ?? DBNull.Value, email is not null && verified);
        return user;
    }
}
