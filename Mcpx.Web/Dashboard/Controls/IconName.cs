namespace Mcpx.Web.Dashboard.Controls;

public enum IconName
{
    Logo,
    Overview,
    Calls,
    Servers,
    Gateways,
    Key,
    Menu,
    Sun,
    Plus,
    Close,
    Copy,
    Check,
    Warning,
    Info,
    UpDown,
    Chevron,
    ArrowUp,
    ArrowDown,
    SignOut,
    Search,
    Refresh,
    Trash,
}
