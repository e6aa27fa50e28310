namespace Mcpx.Web.Dashboard.Controls;

public enum IconName
{
    Logo,
    Overview,
    Calls,
    Servers,
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
    ArrowUp,
    ArrowDown,
    SignOut,
    Search,
    Refresh,
    Trash,
}
