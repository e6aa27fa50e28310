using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Export;
using Mcpx.Core.Jobs;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Api;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Calls.Export;

public sealed class ScheduledExportTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static readonly DateTimeOffset Today = new(TimeProvider.System.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whole_days_are_written_once_each_also_when_the_store_was_away()
    {
        await using FakeS3 s3 = await FakeS3.StartAsync();
        Guid organization = (Guid)(await Colleague.QueryAsync(gateway, "SELECT id FROM organizations LIMIT 1"))!;
        // The days' first and last instants, and what is of no whole day yet.
        DateTimeOffset[] times = [.. Enumerable.Range(-3, 3).SelectMany(day => (DateTimeOffset[])[Today.AddDays(day), Today.AddDays(day).AddHours(13), Today.AddDays(day + 1).AddTicks(-10)]), Today, Today.AddTicks(10)];
        CallRecord[] calls = [.. times.Select(t => DataHost.NewCall(OrganizationId.From(organization), t) with { Method = "tools/call", Tool = "scheduled", Request = """{"params":{"note":"kept"}}"""u8.ToArray() })];
        await gateway.Services.GetRequiredService<ICallStore>().WriteAsync(calls, Cancelled);
        HttpAnswer made = await gateway.ApiAsync(HttpMethod.Post, "/api/exports", new
        {
            name = "nightly", period = "day", payloads = true, endpoint = s3.Url, bucket = "calls", prefix = "acme/mcpx", accessKeyId = FakeS3.KeyId, secret = FakeS3.Secret,
        });
        made.Status.ShouldBe(HttpStatusCode.Created, made.Body);
        made.Body.ShouldNotContain(FakeS3.Secret);
        ((string?)made.Json["secretHint"]).ShouldBe("••••EKEY");
        s3.Failing = "SlowDown";
        await Colleague.ExecuteAsync(gateway, "UPDATE scheduled_exports SET done_until = $1 WHERE name = 'nightly'", Today.AddDays(-3));

        await RunAsync();
        JsonNode failing = await StateAsync("nightly");
        ((string?)failing["problem"]).ShouldBe("The store answered 403 (SlowDown).");
        failing["doneUntil"]!.GetValue<DateTimeOffset>().ShouldBe(Today.AddDays(-3));
        s3.Objects.ShouldBeEmpty();

        s3.Failing = null;
        await Eventually.TrueAsync(async () =>
        {
            await RunAsync();
            return (await StateAsync("nightly"))["doneUntil"]!.GetValue<DateTimeOffset>() == DoneDay;
        }, "the days are written", null, Cancelled);
        JsonNode state = await StateAsync("nightly");
        state["problem"].ShouldBeNull();
        List<string> ids = [];
        foreach ((string path, byte[] content) in s3.Objects.Where(o => o.Key.EndsWith(".jsonl.gz", StringComparison.Ordinal)))
        {
            path.ShouldStartWith("/calls/acme/mcpx/nightly/calls-20");
            JsonNode manifest = JsonNode.Parse(s3.Objects[path.Replace(".jsonl.gz", ".manifest.json", StringComparison.Ordinal)])!;
            ((string?)manifest["sha256"]).ShouldBe(Convert.ToHexStringLower(SHA256.HashData(content)));
            manifest["bytes"]!.GetValue<long>().ShouldBe(content.Length);
            JsonNode[] lines = LinesOf(content);
            manifest["calls"]!.GetValue<int>().ShouldBe(lines.Length);
            DateTimeOffset from = manifest["from"]!.GetValue<DateTimeOffset>(), to = manifest["to"]!.GetValue<DateTimeOffset>();
            lines.ShouldAllBe(l => l["time"]!.GetValue<DateTimeOffset>() >= from && l["time"]!.GetValue<DateTimeOffset>() < to);
            lines.Where(l => (string?)l["tool"] == "scheduled").ShouldAllBe(l => ((string)l["request"]!["body"]!).Contains("kept", StringComparison.Ordinal));
            ids.AddRange(lines.Where(l => (string?)l["tool"] == "scheduled").Select(l => (string)l["id"]!));
        }

        ids.ShouldBe(calls.Where(c => c.Time < DoneDay).Select(c => c.Id.ToString()), ignoreOrder: true);
        s3.Objects.Count.ShouldBe(2 * (int)(DoneDay - Today.AddDays(-3)).TotalDays);
    }

    [Fact]
    public async Task A_file_holds_what_the_filter_names_and_what_came_late_is_beside_the_next_one()
    {
        await using FakeS3 s3 = await FakeS3.StartAsync();
        DateTimeOffset hour = ScheduledExport.BeginningOf(ExportPeriod.Hour, TimeProvider.System.GetUtcNow()).AddHours(-6);
        (await gateway.ApiAsync(HttpMethod.Post, "/api/exports", new
        {
            name = "filtered", period = "hour", endpoint = s3.Url, bucket = "calls", accessKeyId = FakeS3.KeyId, secret = FakeS3.Secret, query = "?outcome=failed&tool=chosen",
        })).Status.ShouldBe(HttpStatusCode.Created);
        ((string?)(await StateAsync("filtered"))["query"]).ShouldBe("tool=chosen&outcome=failed");
        string first = await WriteAsync(hour.AddMinutes(1));
        await Colleague.ExecuteAsync(gateway, "UPDATE scheduled_exports SET done_until = $1, created_at = $1 WHERE name = 'filtered'", hour);
        // One hour, and then the next ones with what came meanwhile.
        await RunOneHourAsync(hour);
        LinesIn(s3, hour, "").ShouldBe([first]);
        s3.Objects.Keys.ShouldAllBe(path => !path.Contains("late", StringComparison.Ordinal));

        string late = await WriteAsync(hour.AddMinutes(2)), second = await WriteAsync(hour.AddHours(1).AddMinutes(1));
        // Of before the export, and not what is asked for.
        await WriteAsync(hour.AddMinutes(-1));
        await WriteAsync(hour.AddMinutes(3), CallOutcome.Ok);
        await WriteAsync(hour.AddMinutes(3), tool: "other");
        s3.Failing = "SlowDown";
        await RunOneHourAsync(hour.AddHours(1));
        string afterTheFirstTry = await WriteAsync(hour.AddMinutes(4));
        s3.Failing = null;
        await RunOneHourAsync(hour.AddHours(1));
        LinesIn(s3, hour.AddHours(1), "").ShouldBe([second]);
        LinesIn(s3, hour.AddHours(1), "-late").ShouldBe([late]);
        JsonNode manifest = ManifestOf(s3, hour.AddHours(1), "");
        ((string?)manifest["late"]).ShouldEndWith("-late.jsonl.gz");
        ((string?)manifest["query"]).ShouldBe("tool=chosen&outcome=failed");
        JsonNode ofLate = ManifestOf(s3, hour.AddHours(1), "-late");
        ((long)ofLate["calls"]!).ShouldBe(1);
        ofLate["to"]!.GetValue<DateTimeOffset>().ShouldBe(hour.AddHours(1));
        ((long)(await StateAsync("filtered"))["lastCalls"]!).ShouldBe(2);

        await RunOneHourAsync(hour.AddHours(2));
        LinesIn(s3, hour.AddHours(2), "-late").ShouldBe([afterTheFirstTry]);
        LinesIn(s3, hour.AddHours(2), "").ShouldBeEmpty();
        await gateway.ApiAsync(HttpMethod.Delete, $"/api/exports/{(await StateAsync("filtered"))["id"]}");

        async Task<string> WriteAsync(DateTimeOffset at, CallOutcome outcome = CallOutcome.ToolError, string tool = "chosen")
        {
            CallRecord call = DataHost.NewCall(gateway.Owner.Organization, at) with { Method = "tools/call", Tool = tool, Outcome = outcome };
            await gateway.Services.GetRequiredService<ICallStore>().WriteAsync([call], Cancelled);
            return call.Id.ToString();
        }

        // The job as it stood ten minutes after the hour.
        async Task RunOneHourAsync(DateTimeOffset from) =>
            await ActivatorUtilities.CreateInstance<ScheduledExportsJob>(gateway.Services, new TestClock(from.AddHours(1) + ScheduledExport.Settling + TimeSpan.FromMinutes(1))).RunAsync(Cancelled);
    }

    private static string PathOf(DateTimeOffset hour, string kind) => $"/calls/filtered/calls-{hour.UtcDateTime:yyyyMMdd'T'HH'Z'}{kind}";

    private static string[] LinesIn(FakeS3 s3, DateTimeOffset hour, string kind) => [.. LinesOf(s3.Objects[PathOf(hour, kind) + ".jsonl.gz"]).Select(l => (string)l["id"]!)];

    private static JsonNode ManifestOf(FakeS3 s3, DateTimeOffset hour, string kind) => JsonNode.Parse(s3.Objects[PathOf(hour, kind) + ".manifest.json"])!;

    [Theory]
    [InlineData("query", "range=1h")]
    [InlineData("query", "nothing=of&this")]
    [InlineData("name", "Not A Slug")]
    [InlineData("name", "..")]
    [InlineData("endpoint", "ftp://store")]
    [InlineData("endpoint", "http://127.0.0.1/path")]
    [InlineData("bucket", "../other")]
    [InlineData("bucket", "a..b")]
    [InlineData("prefix", "../up")]
    [InlineData("prefix", "a b")]
    [InlineData("accessKeyId", "key\n")]
    [InlineData("secret", "")]
    [InlineData("region", "EU/1")]
    public async Task What_leads_elsewhere_or_nowhere_is_refused(string field, string value)
    {
        JsonObject body = new() { ["name"] = "wrong", ["endpoint"] = "http://127.0.0.1:9", ["bucket"] = "calls", ["prefix"] = "", ["accessKeyId"] = "key", ["secret"] = "secret", ["region"] = "" };
        body[field] = value;
        HttpAnswer answer = await gateway.ApiAsync(HttpMethod.Post, "/api/exports", body);
        ServersApiTests.ShouldBeProblem(answer, 400);
        answer.Json["errors"]![field].ShouldNotBeNull(answer.Body);
    }

    [Fact]
    public async Task Without_a_store_or_a_directory_there_is_nowhere_to_write() =>
        ServersApiTests.ShouldBeProblem(await gateway.ApiAsync(HttpMethod.Post, "/api/exports", new { name = "nowhere" }), 400);

    [Fact]
    public async Task The_directory_is_the_organisations_own_and_no_link_leads_out_of_it()
    {
        using ScratchFolder root = new("exports");
        using ScratchFolder outside = new("outside");
        Directory.CreateDirectory(root.Path);
        Directory.CreateDirectory(outside.Path);
        OrganizationId organization = DataHost.NewId<OrganizationId>(), other = DataHost.NewId<OrganizationId>();
        ExportFolder folder = new(new ExportSettings(root.Path));
        async Task WriteAsync(OrganizationId of, string export, string text)
        {
            using MemoryStream content = new(Encoding.UTF8.GetBytes(text));
            await folder.WriteAsync(of, export, "calls.gz", content, Cancelled);
        }

        await WriteAsync(organization, "hourly", "a longer first");
        await WriteAsync(organization, "hourly", "second");
        string file = Path.Combine(root.Path, organization.ToString(), "hourly", "calls.gz");
        (await File.ReadAllTextAsync(file, Cancelled)).ShouldBe("second");
        Directory.GetFiles(Path.GetDirectoryName(file)!).ShouldBe([file]);

        foreach (string name in new[] { "..", "../x", "a/b", "", "A" }) await Should.ThrowAsync<IOException>(() => WriteAsync(organization, name, "x"));
        Directory.CreateSymbolicLink(Path.Combine(root.Path, organization.ToString(), "linked"), outside.Path);
        await Should.ThrowAsync<IOException>(() => WriteAsync(organization, "linked", "x"));
        Directory.CreateSymbolicLink(Path.Combine(root.Path, other.ToString()), outside.Path);
        await Should.ThrowAsync<IOException>(() => WriteAsync(other, "hourly", "x"));
        File.CreateSymbolicLink(file + ".part", Path.Combine(outside.Path, "target"));
        await Should.ThrowAsync<IOException>(() => WriteAsync(organization, "hourly", "x"));
        Directory.GetFileSystemEntries(outside.Path).ShouldBeEmpty();
        Directory.Delete(root.Path, recursive: true);
        await Should.ThrowAsync<IOException>(() => WriteAsync(organization, "hourly", "x"));
        await Should.ThrowAsync<IOException>(() => new ExportFolder(new ExportSettings(null)).WriteAsync(organization, "hourly", "x", Stream.Null, Cancelled));
    }

    /// <summary>Within the first minutes of a day, the one before is still settling.</summary>
    private static DateTimeOffset DoneDay => ScheduledExport.BeginningOf(ExportPeriod.Day, TimeProvider.System.GetUtcNow() - ScheduledExport.Settling);

    private Task<string> RunAsync() => gateway.Services.GetServices<IJob>().OfType<ScheduledExportsJob>().Single().RunAsync(Cancelled);

    private async Task<JsonNode> StateAsync(string name) =>
        (await gateway.ApiAsync(HttpMethod.Get, "/api/exports")).Json["items"]!.AsArray().Single(e => (string?)e!["name"] == name)!;

    private static JsonNode[] LinesOf(byte[] content)
    {
        using GZipStream gzip = new(new MemoryStream(content), CompressionMode.Decompress);
        using StreamReader reader = new(gzip);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!)];
    }
}
