using Npgsql;

namespace Mcpx.Data;

internal static class UniqueViolation
{
    /// <summary>True when the exception says that a row with this unique key is there already.</summary>
    public static bool IsOf(Exception exception, string constraint) =>
        (exception as PostgresException ?? exception.InnerException as PostgresException) is { SqlState: PostgresErrorCodes.UniqueViolation } violation
        && violation.ConstraintName == constraint;
}
