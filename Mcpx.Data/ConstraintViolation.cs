using Npgsql;

namespace Mcpx.Data;

/// <summary>What a refused write says of the constraint that refused it.</summary>
internal static class ConstraintViolation
{
    /// <summary>True when a row with this unique key is there already.</summary>
    public static bool IsUnique(Exception exception, string constraint) => Is(PostgresErrorCodes.UniqueViolation, exception, constraint);

    /// <summary>True when what a row refers to by this key is not there.</summary>
    public static bool IsForeignKey(Exception exception, string constraint) => Is(PostgresErrorCodes.ForeignKeyViolation, exception, constraint);

    private static bool Is(string state, Exception exception, string constraint) =>
        (exception as PostgresException ?? exception.InnerException as PostgresException) is { } violation
        && violation.SqlState == state && violation.ConstraintName == constraint;
}
