namespace Mcpx.Core.Primitives;

/// <summary>One thing that is wrong with an input, and how to mend it.</summary>
/// <param name="Field">The input's name as REST and forms spell it, e.g. <c>credential.header</c>.</param>
/// <param name="Message">A sentence for people.</param>
public sealed record FieldError(string Field, string Message);

/// <summary>
/// An administration request that is refused. The doors map the closed set of cases: REST to problem details,
/// forms to messages beside their fields.
/// </summary>
public abstract class RefusalException : Exception
{
    private RefusalException(string message) : base(message)
    {
    }

    /// <summary>The input breaks rules; all mistakes are reported at once.</summary>
    public sealed class Invalid(IReadOnlyList<FieldError> errors) : RefusalException(string.Join(" ", errors.Select(e => e.Message)))
    {
        public IReadOnlyList<FieldError> Errors { get; } = errors;
    }

    /// <summary>There is no such thing in the actor's organisation. A foreign id gets the same answer as an unknown one.</summary>
    public sealed class NotFound(string what) : RefusalException($"There is no such {what}.");

    /// <summary>The state does not allow it: a name that is taken, a thing in use.</summary>
    public sealed class Conflict(string field, string message) : RefusalException(message)
    {
        public string Field { get; } = field;
    }

    /// <summary>It was asked for too often; the same request may succeed after <paramref name="retryAfter"/>.</summary>
    public sealed class TooMany(string message, TimeSpan retryAfter) : RefusalException(message)
    {
        public TimeSpan RetryAfter { get; } = retryAfter;
    }

    /// <summary>The actor's role or scope does not allow it.</summary>
    public sealed class Forbidden(string why) : RefusalException(why);
}
