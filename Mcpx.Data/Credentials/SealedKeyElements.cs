using System.Xml.Linq;
using Mcpx.Core.Credentials;
using Mcpx.Core.Identity;
using Microsoft.EntityFrameworkCore;

namespace Mcpx.Data.Credentials;

/// <summary>The keys of cookies: XML of the framework's, with a ciphertext of ours inside. There are a few, a new one every 90 days.</summary>
internal sealed class SealedKeyElements(ScopedContexts contexts) : ISealedColumn
{
    public string Name => "data-protection-keys";

    public string Purpose => DataProtectionSeal.Purpose;

    public async Task<IReadOnlyDictionary<uint, long>> CountAsync(CancellationToken cancellationToken) =>
        (await ReadAsync(cancellationToken)).GroupBy(c => KeyRing.NameOf(c.Ciphertext)).ToDictionary(g => g.Key, g => (long)g.Count());

    public async Task<IReadOnlyList<SealedCell>> ListOthersAsync(uint key, string? after, int size, CancellationToken cancellationToken) =>
        [.. (await ReadAsync(cancellationToken)).Where(c => KeyRing.NameOf(c.Ciphertext) != key && string.CompareOrdinal(c.Row, after) > 0).Take(size)];

    public async Task<int> ReplaceAsync(IReadOnlyList<ResealedCell> cells, CancellationToken cancellationToken)
    {
        await using McpxDbContext context = contexts.Open(DataScope.Everything);
        int replaced = 0;
        foreach (ResealedCell cell in cells)
        {
            Guid id = Guid.Parse(cell.Before.Row);
            string? before = await context.DataProtectionKeys.Where(k => k.Id == id).Select(k => k.Xml).SingleOrDefaultAsync(cancellationToken);
            if (before is null || Find(XElement.Parse(before)) is not { Count: 1 } places || !Bytes(places[0]).SequenceEqual(cell.Before.Ciphertext)) continue;
            places[0].Value = Convert.ToBase64String(cell.After);
            string after = places[0].AncestorsAndSelf().Last().ToString(SaveOptions.DisableFormatting);
            replaced += await context.DataProtectionKeys.Where(k => k.Id == id && k.Xml == before)
                .ExecuteUpdateAsync(set => set.SetProperty(k => k.Xml, after), cancellationToken);
        }

        return replaced;
    }

    private async Task<IReadOnlyList<SealedCell>> ReadAsync(CancellationToken cancellationToken)
    {
        await using McpxDbContext context = contexts.Open(DataScope.Everything);
        List<DataProtectionKeyRow> rows = await context.DataProtectionKeys.AsNoTracking().ToListAsync(cancellationToken);
        return [.. rows.SelectMany(row => Find(XElement.Parse(row.Xml)).Select(place => new SealedCell(row.Id.ToString("D"), DataProtectionSeal.Context, Bytes(place))))
            .OrderBy(c => c.Row, StringComparer.Ordinal)];
    }

    /// <summary>None in an element without a secret, such as a revocation.</summary>
    private static List<XElement> Find(XElement element) => [.. element.DescendantsAndSelf().Where(e => e.Name.LocalName == DataProtectionSeal.Element)];

    private static byte[] Bytes(XElement place) => Convert.FromBase64String(place.Value);
}
