using System.Text.RegularExpressions;
using Mcpx.Core.Audit;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Credentials;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls.Export;

/// <summary>A scheduled export as it shall be; without an endpoint it is the operator's directory.</summary>
/// <param name="Query">Which calls, as in an address; empty or null for all.</param>
public sealed record NewScheduledExport(
    string? Name, ExportPeriod Period = ExportPeriod.Day, bool Payloads = false, string? Endpoint = null, string? Region = null, string? Bucket = null, string? Prefix = null, string? AccessKeyId = null, Secret? Secret = null,
    string? Query = null);

/// <summary>
/// The one door to scheduled exports. They carry everything away that an organisation has recorded, so an Owner sets them
/// up, and each is seen by Owners only.
/// </summary>
public sealed partial class ScheduledExportAdmin(IScheduledExportStore store, ExportVault vault, ExportFolder folder, CallQueries queries, TimeProvider time)
{
    public const int MostExports = 10;
    public const string UsualRegion = "us-east-1";

    private const int LongestSecret = 256;

    /// <summary>Whether the operator has set a directory.</summary>
    public bool HasFolder => folder.IsSet;

    [GeneratedRegex(@"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 100)]
    private static partial Regex BucketPattern();

    [GeneratedRegex(@"^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*(?:/[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)*\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 100)]
    private static partial Regex PrefixPattern();

    [GeneratedRegex(@"^[A-Za-z0-9_.+/=-]{1,128}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 100)]
    private static partial Regex KeyPattern();

    [GeneratedRegex(@"^[a-z0-9-]{1,40}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 100)]
    private static partial Regex RegionPattern();

    /// <exception cref="RefusalException">Not allowed.</exception>
    public Task<IReadOnlyList<ScheduledExport>> ListAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        return store.ListAsync(actor.Organization, cancellationToken);
    }

    /// <summary>It begins with the period that runs now.</summary>
    /// <exception cref="RefusalException">Not allowed, wrong, taken, or too many.</exception>
    public async Task<ScheduledExport> CreateAsync(Actor actor, NewScheduledExport input, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        InputCheck check = new();
        check.Slug(input.Name, "name");
        S3Bucket? bucket = input.Endpoint is null ? null : CheckBucket(check, input);
        if (input.Endpoint is null) check.Require(folder.IsSet, "endpoint", "The operator has set no directory: name a store.");
        CallQuery query = KeptQuery.Check(check, input.Query, "Each file has its period: leave range, from and to out.");
        check.ThrowIfWrong();

        string kept = (await queries.ResolveAsync(actor, query, cancellationToken)).ToText();
        ScheduledExportId id = EntityId.New<ScheduledExportId>(time);
        DateTimeOffset now = Instant.Now(time);
        ScheduledExport export = new(id, actor.Organization, input.Name!, input.Period, input.Payloads, bucket, bucket is null ? null : vault.Seal(actor.Organization, id, input.Secret!),
            bucket is null ? null : input.Secret!.Hint(), ScheduledExport.BeginningOf(input.Period, now), now, LastRun: null) { Query = kept };
        AdminChange change = AdminChange.By(actor, AdminAction.ScheduledExportCreate, SubjectKinds.ScheduledExport, id.Value, time);
        if (!await store.AddAsync(export, MostExports, change, cancellationToken))
            throw new RefusalException.Conflict("name", $"An organisation has at most {MostExports} scheduled exports.");
        return export;
    }

    /// <summary>What it has written stays where it is.</summary>
    /// <exception cref="RefusalException">Not allowed, or not there.</exception>
    public async Task DeleteAsync(Actor actor, ScheduledExportId id, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageOrganization);
        AdminChange change = AdminChange.By(actor, AdminAction.ScheduledExportDelete, SubjectKinds.ScheduledExport, id.Value, time);
        if (!await store.DeleteAsync(actor.Organization, id, change, cancellationToken)) throw new RefusalException.NotFound("scheduled export");
    }

    private static S3Bucket? CheckBucket(InputCheck check, NewScheduledExport input)
    {
        Uri? endpoint = OutboundUrl.Check(check, input.Endpoint, "endpoint");
        string region = string.IsNullOrWhiteSpace(input.Region) ? UsualRegion : input.Region.Trim(), prefix = (input.Prefix ?? "").Trim().Trim('/');
        string bucket = input.Bucket ?? "", key = input.AccessKeyId ?? "", secret = input.Secret?.Reveal() ?? "";
        check.Require(endpoint is null || endpoint.AbsolutePath == "/" && endpoint.Query.Length == 0, "endpoint", "Use the store's address alone: the bucket has a field of its own.")
            .Require(RegionPattern().IsMatch(region), "region", "Use lower-case letters, digits and hyphens, e.g. eu-central-1.")
            .Require(BucketPattern().IsMatch(bucket) && !bucket.Contains("..", StringComparison.Ordinal), "bucket", "Use the name of a bucket: 3–63 lower-case letters, digits, dots and hyphens.")
            .Require(prefix.Length == 0 || prefix.Length <= 200 && PrefixPattern().IsMatch(prefix), "prefix", "Use letters, digits, dots, hyphens and underscores between slashes.")
            .Require(KeyPattern().IsMatch(key), "accessKeyId", "The store's access key id is required.")
            .Require(secret.Length is > 0 and <= LongestSecret && secret.All(c => c is > ' ' and <= '~'), "secret", "The store's secret access key is required.");
        return endpoint is null ? null : new S3Bucket(endpoint, region, bucket, prefix, key);
    }
}
