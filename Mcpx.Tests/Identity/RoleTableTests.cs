using System.Text.RegularExpressions;
using Mcpx.Core.Identity;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Identity;

public sealed class RoleTableTests
{
    [Fact]
    public async Task The_documentation_shows_the_table_of_the_code()
    {
        string text = await File.ReadAllTextAsync(Repository.PathOf("docs", "security.md"), TestContext.Current.CancellationToken);
        string table = text[text.IndexOf("## Roles", StringComparison.Ordinal)..].Split("\n\n").First(block => block.StartsWith("| permission |", StringComparison.Ordinal));

        var rows = Regex.Matches(table, "^\\| `(?<p>\\w+)` \\|[^|]*\\| (?<m>[^|]*) \\| (?<a>[^|]*) \\| (?<o>[^|]*) \\|$", RegexOptions.Multiline, TimeSpan.FromSeconds(1))
            .Select(m => (Permission: Enum.Parse<Permission>(m.Groups["p"].Value), Roles: (Role[])[.. RolesOf(m)]));

        rows.ShouldBe(Enum.GetValues<Permission>().Select(p => (p, (Role[])[.. Enum.GetValues<Role>().Where(r => r.Allows(p))])), new RowComparer());
    }

    private static IEnumerable<Role> RolesOf(Match row)
    {
        if (row.Groups["m"].Value == "yes") yield return Role.Member;
        if (row.Groups["a"].Value == "yes") yield return Role.Admin;
        if (row.Groups["o"].Value == "yes") yield return Role.Owner;
    }

    private sealed class RowComparer : IEqualityComparer<(Permission Permission, Role[] Roles)>
    {
        public bool Equals((Permission Permission, Role[] Roles) x, (Permission Permission, Role[] Roles) y) => x.Permission == y.Permission && x.Roles.SequenceEqual(y.Roles);

        public int GetHashCode((Permission Permission, Role[] Roles) row) => row.Permission.GetHashCode();
    }
}
