using Mcpx.Core.Gateways;
using Mcpx.Core.Servers;

namespace Mcpx.Web.Dashboard.Gateways;

public enum ToolChoice
{
    All,
    OnlyThese,
}

/// <summary>What stands in front of the names of a member's tools and prompts.</summary>
public enum PrefixChoice
{
    Servers,
    Own,
    None,
}

/// <summary>One member of a gateway as it is typed; Core checks it.</summary>
public sealed class MemberModel(ServerSummary server)
{
    public ServerSummary Server { get; } = server;

    public PrefixChoice PrefixFrom { get; set; }

    /// <summary>The member's own; it stays while another choice is made.</summary>
    public string? Prefix { get; set; }

    /// <summary>The prefix that would hold.</summary>
    public string EffectivePrefix => OwnPrefix ?? Server.ToolPrefix;

    public ToolChoice Choice { get; set; }

    /// <summary>One name per line.</summary>
    public string? Tools { get; set; } = "";

    public List<OverrideModel> Overrides { get; } = [];

    /// <summary>Whether its settings are shown, or one line that sums them up.</summary>
    public bool IsOpen { get; set; }

    /// <summary>It shall get the focus once, because something else on the page leads to it.</summary>
    public bool WantsFocus { get; set; }

    public IReadOnlySet<string> ToolNames => Lines.ToHashSet(StringComparer.Ordinal);

    private string? OwnPrefix => PrefixFrom switch
    {
        PrefixChoice.Servers => null,
        PrefixChoice.Own => (Prefix ?? "").Trim(),
        _ => "",
    };

    private string[] Lines => (Tools ?? "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    public static MemberModel From(MemberDetails details)
    {
        MemberModel model = new(details.Server)
        {
            PrefixFrom = details.Member.Prefix switch { null => PrefixChoice.Servers, "" => PrefixChoice.None, _ => PrefixChoice.Own },
            Prefix = details.Member.Prefix,
            Choice = details.Member.Tools is null ? ToolChoice.All : ToolChoice.OnlyThese,
            Tools = string.Join('\n', details.Member.Tools ?? []),
        };
        model.Overrides.AddRange(details.Member.Overrides.Select(o => new OverrideModel { Tool = o.Tool, Name = o.Name, Description = o.Description }));
        return model;
    }

    /// <summary>A new member, with a prefix that keeps its tools apart from those of the others.</summary>
    public static MemberModel New(ServerSummary server)
    {
        string slug = server.Slug.Replace('-', '_');
        return new MemberModel(server)
        {
            PrefixFrom = server.ToolPrefix.Length > 0 ? PrefixChoice.Servers : PrefixChoice.Own,
            Prefix = slug[..Math.Min(slug.Length, ToolPrefix.Longest - 1)] + '_',
            IsOpen = true,
        };
    }

    public void Choose(string tool, bool on) =>
        Tools = string.Join('\n', on ? Lines.Append(tool).Distinct(StringComparer.Ordinal) : Lines.Where(line => line != tool));

    public MemberInput ToInput() => new(Server.Id.ToString(), Prefix: OwnPrefix,
        Tools: Choice is ToolChoice.All ? null : Lines, Overrides: [.. Overrides.Select(o => o.ToInput())]);

    public string Summary()
    {
        string prefix = EffectivePrefix.Length == 0 ? "no prefix" : $"prefix {EffectivePrefix}{(OwnPrefix is null ? " (the server's)" : "")}";
        string tools = Choice is ToolChoice.All ? "all tools" : Lines.Length == 1 ? "1 tool" : $"{Lines.Length:N0} tools";
        string overrides = Overrides.Count == 0 ? "" : $" · {Overrides.Count:N0} shown differently";
        return $"{prefix} · {tools}{overrides}";
    }
}

/// <summary>How one tool is shown instead, as it is typed.</summary>
public sealed class OverrideModel
{
    public string? Tool { get; set; }

    public string? Name { get; set; }

    public string? Description { get; set; }

    public OverrideInput ToInput() => new((Tool ?? "").Trim(),
        string.IsNullOrWhiteSpace(Name) ? null : Name.Trim(), string.IsNullOrWhiteSpace(Description) ? null : Description.Trim());
}
