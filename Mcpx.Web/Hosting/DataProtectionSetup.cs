using System.Xml.Linq;
using Mcpx.Core.Credentials;
using Mcpx.Core.Identity;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Extensions.Options;

namespace Mcpx.Web.Hosting;

/// <summary>Keys of cookies and antiforgery live in the database, sealed by the key ring: every replica reads every cookie.</summary>
internal static class DataProtectionSetup
{
    public static void AddMcpxDataProtection(this IServiceCollection services)
    {
        services.AddDataProtection().SetApplicationName("mcpx");
        services.AddSingleton(s => new KeySeal(s.GetRequiredService<KeyRing>()));
        services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(s => new ConfigureOptions<KeyManagementOptions>(o =>
        {
            o.XmlRepository = new KeyRepository(s.GetRequiredService<IDataProtectionKeyStore>());
            o.XmlEncryptor = new KeyEncryptor(s.GetRequiredService<KeySeal>());
        }));
    }

    internal sealed class KeySeal(KeyRing keys)
    {
        public AesGcmSecretProtector Protector { get; } = new(keys, DataProtectionSeal.Purpose);
    }

    private sealed class KeyRepository(IDataProtectionKeyStore store) : IXmlRepository
    {
        public IReadOnlyCollection<XElement> GetAllElements() => [.. store.List().Select(XElement.Parse)];

        public void StoreElement(XElement element, string friendlyName) => store.Add(friendlyName, element.ToString(SaveOptions.DisableFormatting));
    }

    private sealed class KeyEncryptor(KeySeal seal) : IXmlEncryptor
    {
        public EncryptedXmlInfo Encrypt(XElement plaintextElement)
        {
            byte[] sealedKey = seal.Protector.Protect(System.Text.Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting)), DataProtectionSeal.Context);
            return new EncryptedXmlInfo(new XElement(DataProtectionSeal.Element, Convert.ToBase64String(sealedKey)), typeof(KeyDecryptor));
        }
    }

    /// <summary>Made by the framework from the type name that stands beside the key.</summary>
    internal sealed class KeyDecryptor(IServiceProvider services) : IXmlDecryptor
    {
        public XElement Decrypt(XElement encryptedElement)
        {
            byte[] plaintext = services.GetRequiredService<KeySeal>().Protector.Unprotect(Convert.FromBase64String(encryptedElement.Value), DataProtectionSeal.Context)
                ?? throw new InvalidOperationException("A data protection key can't be read with the configured ENCRYPTION_KEY.");
            return XElement.Parse(System.Text.Encoding.UTF8.GetString(plaintext));
        }
    }
}
