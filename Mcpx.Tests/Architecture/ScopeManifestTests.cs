using System.Text.RegularExpressions;
using Mcpx.Data;
using Mcpx.Data.Copying;
using Mcpx.Data.Isolation;
using Mcpx.Tests.Fixtures;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Architecture;

/// <summary>
/// Every place that works across organisations, with its reason, in one file to review: a new one shows up in the diff.
/// And no way to the database but through a scope.
/// </summary>
public sealed class ScopeManifestTests
{
    private const string Use = "DataScope.Everything";

    private static readonly Regex Member = new(@"^    (?:public|internal|protected|private)\b.*?(?<name>\w+)(?:<[\w, ]+>)?\(", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture);

    [Fact]
    public async Task What_serves_the_whole_installation_is_in_the_manifest_with_a_reason()
    {
        List<(string Place, string Reason)> listed = [.. (await File.ReadAllLinesAsync(Repository.PathOf("Mcpx.Tests", "Architecture", "everything.txt"), TestContext.Current.CancellationToken))
            .Where(l => l.Length > 0).Select(l => l.Split(": ", 2)).Select(l => (l[0], l.ElementAtOrDefault(1) ?? ""))];
        List<string> actual = [.. SourceFiles().SelectMany(UsesIn)];

        actual.Count.ShouldBeGreaterThan(5);
        listed.ShouldAllBe(l => l.Reason.Length > 10, "Each needs its reason.");
        listed.Select(l => l.Place).ShouldBeUnique();
        actual.Except(listed.Select(l => l.Place)).ShouldBeEmpty($"These use {Use} and are not in Architecture/everything.txt.");
        listed.Select(l => l.Place).Except(actual).ShouldBeEmpty($"These are in Architecture/everything.txt and no longer use {Use}.");
    }

    [Fact]
    public void The_database_is_reached_through_a_scope_only()
    {
        Type[] roads = [typeof(Databases), typeof(NpgsqlDataSource)];
        CodeReferences.Of(typeof(DataServices).Assembly)
            .Where(r => roads.Contains(r.To) && r.From.Namespace != typeof(Databases).Namespace)
            .Select(r => (r.From.DeclaringType ?? r.From).Name).Distinct()
            // A copy is between two databases of which none is served.
            .ShouldBe([nameof(DatabaseMigrator), nameof(DataServices), nameof(ScopedContexts), nameof(DatabaseCopy), nameof(CopySide)], ignoreOrder: true, "Ask ScopedContexts.");
    }

    [Fact]
    public void Contexts_are_made_by_scopes_and_the_migration_only() => SourceFiles()
        .Where(f => File.ReadAllText(f) is var text && (text.Contains("IDbContextFactory", StringComparison.Ordinal) || text.Contains("new McpxDbContext(", StringComparison.Ordinal)
            || text.Contains("McpxDbContext context = new(", StringComparison.Ordinal) || text.Contains("IgnoreQueryFilters", StringComparison.Ordinal)))
        .Select(Path.GetFileName).ShouldBe(["DatabaseMigrator.cs"], ignoreOrder: true);

    /// <summary><c>folder/File.cs Method</c>, once per method.</summary>
    private static IEnumerable<string> UsesIn(string file)
    {
        string name = Path.GetRelativePath(Repository.Root, file).Replace('\\', '/');
        string[] lines = File.ReadAllLines(file);
        return lines.Index().Where(l => l.Item.Contains(Use, StringComparison.Ordinal) && !l.Item.TrimStart().StartsWith("//", StringComparison.Ordinal))
            .Select(l => $"{name} {MethodAt(lines, l.Index)}").Distinct();
    }

    private static string MethodAt(string[] lines, int at) =>
        lines.Take(at + 1).Reverse().Select(l => Member.Match(l)).First(m => m.Success).Groups["name"].Value;

    private static IEnumerable<string> SourceFiles() => new[] { "Mcpx.Core", "Mcpx.Data", "Mcpx.Web" }
        .SelectMany(folder => Directory.EnumerateFiles(Repository.PathOf(folder), "*.cs", SearchOption.AllDirectories))
        .Where(f => !f.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));
}
