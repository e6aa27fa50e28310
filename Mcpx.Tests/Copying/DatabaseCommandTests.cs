using System.Text.Json.Nodes;
using Mcpx.Tests.Fixtures;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Copying;

/// <summary><c>mcpx database copy</c> as a process, and a gateway on what it made.</summary>
public sealed class DatabaseCommandTests(PostgresFixture postgres)
{
    private const string Call = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"balance","arguments":{"account":"4711"}}}""";

    [Fact]
    public async Task A_gateway_goes_on_with_the_copy()
    {
        string source, token, target = await postgres.CreateDatabaseAsync();
        string[] recorded;
        await using var upstream = await FakeUpstream.StartAsync();
        await using (GatewayFixture gateway = new(postgres))
        {
            await gateway.StartAsync();
            (string slug, _) = await gateway.AddUpstreamAsync(upstream.Url);
            for (int i = 0; i < 3; i++) await gateway.PostAsync(slug, Call);
            await Eventually.TrueAsync(async () => (await gateway.CallsOfAsync(slug)).Count == 3, "the calls are on record", null, TestContext.Current.CancellationToken);
            recorded = [.. (await gateway.CallsAsync()).Select(c => (string)c!["id"]!)];
            (source, token) = (gateway.ConnectionString, gateway.Token);
            (await RunAsync(source, target)).ShouldSatisfyAllConditions(r => r.ExitCode.ShouldBe(1), r => r.Error.ShouldContain("stop every replica"));
        }

        ProgramResult run = await RunAsync(source, target);

        run.ExitCode.ShouldBe(0, run.Output + run.Error);
        run.Output.ShouldSatisfyAllConditions(t => t.ShouldContain("From PostgreSQL 1"), t => t.ShouldContain("\norganizations: 1 rows"), t => t.ShouldContain("\ncalls: 3 rows"), t => t.ShouldContain("counted on both sides"));
        string password = new NpgsqlConnectionStringBuilder(source).Password ?? "";
        if (password.Length > 4) (run.Output + run.Error).ShouldNotContain(password);

        await using GatewayFixture moved = new(postgres);
        await moved.StartAsync(target);
        JsonNode calls = (await moved.ApiAsync(HttpMethod.Get, "/api/calls?size=200", token: token)).Json["items"]!;
        calls.AsArray().Select(c => (string)c!["id"]!).ShouldBe(recorded, "Who had a token has it still.");
        JsonNode chain = (await moved.ApiAsync(HttpMethod.Post, "/api/audit/verify")).Json;
        chain["intact"]!.GetValue<bool>().ShouldBeTrue(chain.ToJsonString());
        (string more, _) = await moved.AddUpstreamAsync(upstream.Url);
        await moved.PostAsync(more, Call);
        await Eventually.TrueAsync(async () => (await moved.CallsOfAsync(more)).Count == 1, "a call is on record there", null, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task It_says_what_it_needs()
    {
        ProgramResult nothing = await RunAsync(null, null);
        nothing.ExitCode.ShouldBe(1);
        nothing.Error.ShouldSatisfyAllConditions(t => t.ShouldContain("ConnectionStrings__Mcpx is not set"), t => t.ShouldContain("ConnectionStrings__McpxTarget is not set"));

        string empty = await postgres.CreateDatabaseAsync();
        ProgramResult nobodys = await RunAsync(empty, await postgres.CreateDatabaseAsync());
        nobodys.ShouldSatisfyAllConditions(r => r.ExitCode.ShouldBe(1), r => r.Error.ShouldContain("The source holds no gateway's data"));

        ProgramResult unreadable = await RunAsync(empty, "Host=here;Nonsense=hush-hush");
        unreadable.ShouldSatisfyAllConditions(r => r.ExitCode.ShouldBe(1), r => (r.Error + r.Output).ShouldNotContain("hush"));
        (await RunAsync(null, null, "paste")).ShouldSatisfyAllConditions(r => r.ExitCode.ShouldBe(1), r => r.Error.ShouldContain("Use: database copy"));
    }

    private static Task<ProgramResult> RunAsync(string? source, string? target, string verb = "copy") => ProgramRun.RunAsync(
        Path.Combine(Repository.OutputOf("Mcpx.Web"), "Mcpx.Web"), ["database", verb, $"--ENCRYPTION_KEY={GatewayFixture.EncryptionKey}"],
        new Dictionary<string, string> { ["ConnectionStrings__Mcpx"] = source ?? "", ["ConnectionStrings__McpxTarget"] = target ?? "" }, TestContext.Current.CancellationToken);
}
