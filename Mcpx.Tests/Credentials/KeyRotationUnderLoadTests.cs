using System.Net;
using Mcpx.Core.Credentials;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Proxy;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Credentials;

/// <summary><c>mcpx keys rotate</c> as a process beside a gateway that serves.</summary>
public sealed class KeyRotationUnderLoadTests(PostgresFixture postgres)
{
    private const string NewKey = "oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8=";
    private const string Both = $"{NewKey},{GatewayFixture.EncryptionKey}";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Calls_go_on_while_a_rotation_is_killed_and_begun_again()
    {
        var secrets = Property.Times(4_000, nightly: 50_000);
        await using var upstream = await FakeUpstream.StartAsync();
        string connection, slug;
        await using (GatewayFixture gateway = new(postgres))
        {
            await gateway.StartAsync();
            (slug, var id) = await gateway.AddUpstreamAsync(upstream.Url, new { kind = "bearer", secret = "a-long-secret-1234" });
            connection = gateway.ConnectionString;
            await SeedAsync(connection, id, secrets);
        }

        // The new key stands in front now, as after the second of the two restarts.
        await using GatewayFixture serving = new(postgres);
        await serving.StartAsync(connection, null, ("ENCRYPTION_KEY", Both));
        using CancellationTokenSource done = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        Task<(int Calls, List<string> Failures)>[] streams = [.. Enumerable.Range(0, 4).Select(_ => CallAsync(serving, slug, done.Token))];

        using (var first = ProgramRun.Start(Program, ["keys", "rotate", .. Settings(connection)], null))
        {
            await Eventually.TrueAsync(async () => await CountAsync(connection, current: true) > 0, "the rotation began", null, Cancelled);
            first.Kill(entireProcessTree: true);
            await first.WaitForExitAsync(Cancelled);
        }

        var second = await ProgramRun.RunAsync(Program, ["keys", "rotate", .. Settings(connection)], null, Cancelled);
        await done.CancelAsync();
        var ends = await Task.WhenAll(streams);

        second.ExitCode.ShouldBe(0, second.Output + second.Error);
        second.Output.ShouldContain("is no longer needed");
        (await CountAsync(connection, current: false)).ShouldBe(0);
        ends.SelectMany(e => e.Failures).ShouldBeEmpty();
        TestContext.Current.TestOutputHelper!.WriteLine($"{ends.Sum(e => e.Calls):N0} calls while {secrets:N0} secrets were sealed anew");
        upstream.Requests.Where(r => r.Text.Contains("tools/call", StringComparison.Ordinal)).ShouldAllBe(r => r.Headers["Authorization"] == "Bearer a-long-secret-1234");

        // And without the old key.
        await using GatewayFixture alone = new(postgres);
        await alone.StartAsync(connection, null, ("ENCRYPTION_KEY", NewKey));
        (await alone.PostAsync(slug, Mcp.Call("get"), serving.Token)).Status.ShouldBe(HttpStatusCode.OK);
    }

    private static string Program => Path.Combine(Repository.OutputOf("Mcpx.Web"), "Mcpx.Web");

    private static string[] Settings(string connection) => [$"--ConnectionStrings:Mcpx={connection}", $"--ENCRYPTION_KEY={Both}"];

    private static async Task<(int Calls, List<string> Failures)> CallAsync(GatewayFixture gateway, string slug, CancellationToken stop)
    {
        List<string> failures = [];
        var calls = 0;
        while (!stop.IsCancellationRequested)
        {
            var answer = await gateway.PostAsync(slug, Mcp.Call("get"));
            calls++;
            if (answer.Status != HttpStatusCode.OK) failures.Add($"{answer.Status} {answer.Body}");
        }

        return (calls, failures);
    }

    private static async Task SeedAsync(string connection, string pattern, int count)
    {
        await using var owner = NpgsqlDataSource.Create(connection);
        await using var ask = owner.CreateCommand("SELECT org_id FROM servers LIMIT 1");
        var organization = OrganizationId.From((Guid)(await ask.ExecuteScalarAsync(Cancelled))!);
        CredentialVault vault = new(new AesGcmSecretProtector(KeyRing.Parse(GatewayFixture.EncryptionKey), CredentialVault.Purpose));
        ServerId[] ids = [.. Enumerable.Range(0, count).Select(_ => DataHost.NewId<ServerId>())];
        byte[][] ciphertexts = [.. ids.Select(i => vault.Seal(organization, i, new CredentialInput(CredentialKind.Bearer, Secret: new Secret("another-secret-1234")))!.Ciphertext)];
        await KeyRotationTests.CopyServersAsync(owner, ServerId.From(Guid.Parse(pattern)), ids, ciphertexts);
    }

    private static async Task<long> CountAsync(string connection, bool current)
    {
        await using var owner = NpgsqlDataSource.Create(connection);
        await using var count = owner.CreateCommand($"SELECT count(*) FROM credentials WHERE substring(ciphertext FROM 1 FOR 4) {(current ? "=" : "<>")} $1");
        count.Parameters.Add(new() { Value = KeyRing.Parse(NewKey).Ids()[0] });
        return (long)(await count.ExecuteScalarAsync(Cancelled))!;
    }
}
