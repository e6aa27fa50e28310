namespace Mcpx.Data.Embedded;

/// <summary>The private cluster cannot be used. The message is one line for the operator and says what to do about it.</summary>
internal sealed class EmbeddedPostgresException(string message, Exception? inner = null) : Exception(message, inner);
