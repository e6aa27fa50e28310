namespace Mcpx.Core.Protocol;

/// <summary>
/// Methods that 2026-07-28 deprecates (SEP-2577). They are spoken for a year at least, so the gateway knows them; the SDK's
/// names for them warn, which is meant for whoever writes new servers.
/// </summary>
public static class DeprecatedMethods
{
    public const string LoggingSetLevel = "logging/setLevel";
    public const string LoggingMessage = "notifications/message";
    public const string SamplingCreateMessage = "sampling/createMessage";
    public const string RootsList = "roots/list";
}
