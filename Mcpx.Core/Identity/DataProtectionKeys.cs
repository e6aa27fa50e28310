namespace Mcpx.Core.Identity;

/// <summary>How the secret part of a key element is sealed.</summary>
public static class DataProtectionSeal
{
    /// <summary>The purpose label of the key that seals it.</summary>
    public const string Purpose = "mcpx/data-protection-keys/v1";

    /// <summary>What it is bound to: the framework encrypts before it has a name for the row.</summary>
    public const string Context = "data_protection_keys|xml";

    /// <summary>The XML element that holds the ciphertext, in base64.</summary>
    public const string Element = "sealed";
}

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
