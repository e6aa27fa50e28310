using Mcpx.Core.Primitives;

namespace Mcpx.Core.Identity;

/// <summary>
/// The organisation that came with the installation: its Owners are who runs it. Nobody else can make one of its slug, not
/// even after it was deleted.
/// </summary>
public sealed class OperatorOrganization
{
    public const string Slug = "home";

    private volatile Tuple<OrganizationId>? _id;

    /// <summary>Said once by start-up; before, nobody is an operator.</summary>
    public void Set(OrganizationId id) => _id = Tuple.Create(id);

    public bool Is(OrganizationId organization) => _id?.Item1 == organization;
}
