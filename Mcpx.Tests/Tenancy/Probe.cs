namespace Mcpx.Tests.Tenancy;

/// <summary>How an endpoint is asked for what belongs to another organisation.</summary>
internal abstract record Probe
{
    /// <summary>
    /// The address (or the body) names something of the other organisation: refused. Words in braces stand for its ids, see
    /// <see cref="Victim.Fill"/>.
    /// </summary>
    /// <param name="Paths">Every way to name something foreign here.</param>
    public sealed record Foreign(params string[] Paths) : Probe
    {
        public string? Body { get; init; }
    }

    /// <summary>
    /// A page that names something of the other organisation, below that organisation's address and below the caller's own:
    /// refused either way.
    /// </summary>
    public sealed record Page(string Elsewhere, string Within) : Probe;

    /// <summary>
    /// The address names no organisation: whoever asks is answered for their own, and not with a byte of another's. In a
    /// body, what is named there is foreign.
    /// </summary>
    public sealed record Own(string Path) : Probe
    {
        public string? Body { get; init; }

        /// <summary>The body names something foreign: then nobody may succeed.</summary>
        public bool MustFail { get; init; }
    }

    /// <summary>Nothing that is answered here belongs to an organisation.</summary>
    public sealed record Nobodys(string Reason) : Probe;
}
