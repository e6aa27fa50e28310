namespace Mcpx.Core.Identity;

/// <summary>
/// Where the keys that sign cookies are kept, so that every replica accepts what another one issued. The elements' secret
/// parts come here encrypted. Synchronous, because the framework that asks is.
/// </summary>
public interface IDataProtectionKeyStore
{
    /// <summary>Every stored key element, as XML, oldest first.</summary>
    IReadOnlyList<string> List();

    /// <param name="name">What the framework calls the element, for people.</param>
    void Add(string name, string xml);
}
