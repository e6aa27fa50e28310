namespace Mcpx.SampleHosting;

/// <summary>Which eras of the protocol a sample speaks: many a server knows only one.</summary>
internal enum ServedEras
{
    Both,

    /// <summary>2025-06-18 and 2025-11-25: opened by <c>initialize</c>.</summary>
    Session,

    /// <summary>2026-07-28: every request stands alone.</summary>
    Stateless,
}
