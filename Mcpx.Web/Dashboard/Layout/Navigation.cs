using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components.Routing;

namespace Mcpx.Web.Dashboard.Layout;

public enum NavigationKey
{
    Overview,
    Calls,
    Exports,
    Servers,
    Gateways,
    Members,
    Tokens,
    Settings,
    Groups,
    ServiceAccounts,
    Access,
    Limits,
    ToolDefinitions,
    Audit,
    Redaction,
    Metrics,
}

/// <summary>One entry of the rail.</summary>
public sealed record NavigationEntry(NavigationKey Key, string Label, IconName Icon, Func<string, string> Url, NavLinkMatch Match = NavLinkMatch.Prefix);

/// <summary>A titled group of entries.</summary>
public sealed record NavigationGroup(string Label, IReadOnlyList<NavigationEntry> Entries);

/// <summary>What the rail shows, in order. A new page adds itself here and nowhere else.</summary>
public static class Navigation
{
    public static IReadOnlyList<NavigationGroup> Groups { get; } =
    [
        new("Observe",
        [
            new(NavigationKey.Overview, "Overview", IconName.Overview, DashboardUrls.Overview, NavLinkMatch.All),
            new(NavigationKey.Calls, "Calls", IconName.Calls, DashboardUrls.Calls),
            new(NavigationKey.Metrics, "Metrics", IconName.Metrics, DashboardUrls.Metrics),
            new(NavigationKey.Exports, "Exports", IconName.ArrowDown, DashboardUrls.Exports),
        ]),
        new("Connect",
        [
            new(NavigationKey.Servers, "Servers", IconName.Servers, DashboardUrls.Servers),
            new(NavigationKey.Gateways, "Gateways", IconName.Gateways, DashboardUrls.Gateways),
        ]),
        new("Govern",
        [
            new(NavigationKey.Access, "Access", IconName.Check, DashboardUrls.Access),
            new(NavigationKey.Limits, "Limits", IconName.UpDown, DashboardUrls.Limits),
            new(NavigationKey.ToolDefinitions, "Tool definitions", IconName.Check, DashboardUrls.ToolDefinitions),
            new(NavigationKey.Audit, "Audit log", IconName.History, DashboardUrls.Audit),
            new(NavigationKey.Redaction, "Redaction", IconName.Redact, DashboardUrls.Redaction),
        ]),
        new("Settings",
        [
            new(NavigationKey.Members, "Members", IconName.People, DashboardUrls.Members),
            new(NavigationKey.Tokens, "Tokens", IconName.Key, DashboardUrls.Tokens),
            new(NavigationKey.ServiceAccounts, "Service accounts", IconName.Program, DashboardUrls.ServiceAccounts),
            new(NavigationKey.Groups, "Sign-in groups", IconName.Link, DashboardUrls.Groups),
            new(NavigationKey.Settings, "Organisation", IconName.Settings, DashboardUrls.Settings),
        ]),
    ];
}
