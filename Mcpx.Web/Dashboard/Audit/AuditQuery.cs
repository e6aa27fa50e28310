namespace Mcpx.Web.Dashboard.Audit;

/// <summary>Which entries of the audit log its page shows; it stands in the page's address.</summary>
/// <param name="Action">An action's name, or its part before the dot.</param>
/// <param name="Person">The id of who did it: a person or a service account.</param>
/// <param name="Subject">The id of what it was done to.</param>
/// <param name="Range">A key of <see cref="Controls.TimeRange"/>; null is all time.</param>
/// <param name="Before">The cursor of an older page; null is the newest, which stays live.</param>
/// <param name="Log"><see cref="Installation"/> for what belongs to no organisation.</param>
public sealed record AuditQuery(string? Action = null, string? Person = null, string? Subject = null, string? Range = null, string? Before = null, string? Log = null)
{
    public const string Installation = "installation";

    public bool IsInstallation => Log == Installation;

    public bool IsFiltered => this with { Before = null, Log = null } != new AuditQuery();
}
