using System.Security.Cryptography;

namespace Mcpx.Web.Dashboard.Controls;

/// <summary>Ids that tie labels, hints and scripts to elements; unique in a document, without meaning.</summary>
internal static class ElementIds
{
    public static string Next(string prefix) => $"{prefix}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
}
