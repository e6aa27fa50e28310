namespace Mcpx.Data;

/// <summary>How the database is reached, once for each kind of work.</summary>
/// <param name="Owner">
/// Owns the schema: migrations, and nothing else. Null when another process migrates (<c>mcpx migrate</c>): then the
/// other two must be given.
/// </param>
/// <param name="App">
/// Serves people and the API under row-level security. Null, with <paramref name="Engine"/>, lets the migration make both
/// logins, for which the owner must be allowed to create roles.
/// </param>
/// <param name="Engine">Serves the whole installation: snapshots, credentials, the journal's drain, jobs.</param>
public sealed record DatabaseConnections(string? Owner, string? App = null, string? Engine = null)
{
    public override string ToString() => nameof(DatabaseConnections);
}
