using Mcpx.Core.Primitives;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Gateways;

/// <summary>A member of a gateway as forms and REST bring it, before it is checked.</summary>
/// <param name="Server">The server's slug or its id.</param>
/// <param name="ServerSlug">As answers carry it, so that they can be sent back; beside <paramref name="Server"/> it has to name the same server.</param>
/// <param name="Prefix">Null takes the server's own, <see cref="UpstreamServer.ToolPrefix"/>, now and whenever that changes; empty is none.</param>
/// <param name="Tools">Null shows all tools, also those that come later.</param>
/// <param name="EffectivePrefix">As answers carry it, so that they can be sent back; it has to be what follows from <paramref name="Prefix"/> and the server.</param>
public sealed record MemberInput(
    string? Server = null,
    string? ServerSlug = null,
    string? Prefix = null,
    IReadOnlyList<string?>? Tools = null,
    IReadOnlyList<OverrideInput?>? Overrides = null,
    string? EffectivePrefix = null)
{
    public const int MostTools = 2000;

    /// <summary>Adds what is wrong to <paramref name="check"/>, under <paramref name="field"/> and its parts.</summary>
    internal void Check(InputCheck check, string field)
    {
        ToolPrefix.Check(check, Prefix ?? "", $"{field}.prefix");
        if (Tools is not null) CheckTools(check, Tools, $"{field}.tools");
        if (Overrides is not null) CheckOverrides(check, Overrides, Prefix, $"{field}.overrides");
    }

    internal GatewayMember ToMember(ServerId server) => new(server, Prefix,
        Tools is null ? null : [.. Tools.Select(t => t!)],
        [.. (Overrides ?? []).Select(o => new ToolOverride(o!.Tool!, o.Name, o.Description))]);

    private static void CheckTools(InputCheck check, IReadOnlyList<string?> tools, string field)
    {
        check.Require(tools.Count <= MostTools, field, $"Name at most {MostTools:N0} tools.")
            .Require(tools.All(ToolNames.IsUpstreamName), field, ToolNames.UpstreamRule);
        if (FirstTwice(tools) is { } twice) check.Require(false, field, $"“{twice}” stands here twice.");
    }

    private static void CheckOverrides(InputCheck check, IReadOnlyList<OverrideInput?> overrides, string? prefix, string field)
    {
        check.Require(overrides.Count <= MostTools, field, $"Override at most {MostTools:N0} tools.");
        if (FirstTwice(overrides.Select(o => o?.Tool)) is { } tool) check.Require(false, field, $"There are two overrides of “{tool}”.");
        if (FirstTwice(overrides.Select(o => o?.Name)) is { } name) check.Require(false, field, $"Two tools would be called “{name}”.");
        for (int i = 0; i < overrides.Count; i++)
            (overrides[i] ?? new OverrideInput()).Check(check, prefix, $"{field}[{i}]");
    }

    private static string? FirstTwice(IEnumerable<string?> names)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        return names.FirstOrDefault(name => name is not null && !seen.Add(name));
    }
}

/// <summary>How one tool of a member is shown instead, before it is checked.</summary>
/// <param name="Tool">The upstream's name of it.</param>
public sealed record OverrideInput(string? Tool = null, string? Name = null, string? Description = null)
{
    public const int LongestDescription = 4000;

    internal void Check(InputCheck check, string? prefix, string field)
    {
        // A server's prefix may change later, and nobody looks at its members then: there has to be room for the longest.
        int before = prefix?.Length ?? ToolPrefix.Longest;
        check.Require(ToolNames.IsUpstreamName(Tool), $"{field}.tool", ToolNames.UpstreamRule)
            // One that is kept and does nothing would be taken for one that works.
            .Require(Name is not null || Description is not null, $"{field}.name", "Give a name or a description to show instead.")
            .Require(Description is not { Length: 0 or > LongestDescription }, $"{field}.description",
                $"Use 1 to {LongestDescription:N0} characters, or leave it out to keep the server's.")
            .Text(Description, $"{field}.description");
        if (Name is null) return;
        check.Require(Name.Length is > 0 and <= ToolNames.Longest && ToolNames.Fits(Name), $"{field}.name",
                $"Use 1 to {ToolNames.Longest} characters out of letters, digits, “_”, “-” and “.”.")
            .Require(Name.Length > ToolNames.Longest || before + Name.Length <= ToolNames.Longest, $"{field}.name", prefix is null
                ? $"The server may get a prefix of {ToolPrefix.Longest} characters: use at most {ToolNames.Longest - ToolPrefix.Longest}, or give this member a prefix of its own."
                : $"With the prefix, this is longer than {ToolNames.Longest} characters.");
    }
}
