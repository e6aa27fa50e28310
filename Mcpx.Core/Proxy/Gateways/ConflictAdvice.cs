using Mcpx.Core.Gateways;

namespace Mcpx.Core.Proxy.Gateways;

/// <summary>What to do about a conflict, for people.</summary>
internal static class ConflictAdvice
{
    private const int MostNames = 3;

    public static string For(CatalogConflict conflict) => conflict.Reason switch
    {
        ConflictReasons.NameTwice => Twice(conflict),
        ConflictReasons.LooksAlike => $"“{conflict.Name}” looks like another name: {Names(conflict.Claimants.Select(c => $"“{c.UpstreamName}” of {SlugOf(c.Member)}"))}. "
            + $"An agent could take one for the other; give one of the servers a prefix{OrAnotherName(conflict)}.",
        _ => $"“{conflict.Name}” is offered by {Names(conflict.Claimants.Select(c => SlugOf(c.Member)).Distinct())}; {Apart(conflict)}.",
    };

    private static string Twice(CatalogConflict conflict)
    {
        string server = SlugOf(conflict.Claimants[0].Member);
        string[] own = [.. conflict.Claimants.Select(c => c.UpstreamName).Distinct(StringComparer.Ordinal)];
        return own.Length > 1
            ? $"{Names(own.Select(o => $"“{o}”"))} of {server} are both shown as “{conflict.Name}”; give one of them another name."
            : $"The server {server} lists “{own[0]}” twice; that has to be mended there.";
    }

    /// <summary>Prefixes and other names are for tools and prompts: a URI leads to the server as it is.</summary>
    private static string Apart(CatalogConflict conflict) => conflict.Kind is CatalogItemKind.Tool or CatalogItemKind.Prompt
        ? $"give one of them a prefix{OrAnotherName(conflict)}"
        : "a URI can't be renamed here, so change it at one of the servers or take one out of the gateway";

    private static string OrAnotherName(CatalogConflict conflict) => conflict.Kind is CatalogItemKind.Tool ? ", or the tool another name" : "";

    private static string Names(IEnumerable<string> all)
    {
        string[] names = [.. all];
        if (names.Length == 1) return names[0];
        return names.Length <= MostNames
            ? $"{string.Join(", ", names[..^1])} and {names[^1]}"
            : $"{string.Join(", ", names[..(MostNames - 1)])} and {names.Length - MostNames + 1:N0} more";
    }

    private static string SlugOf(MemberRoute member) => member.Server.Server.Slug;
}
