using System.Buffers.Text;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Search;
using Mcpx.Core.Primitives;

namespace Mcpx.Data.Calls;

/// <summary>
/// The words of calls as PostgreSQL holds and asks for them: <see cref="CallWords"/>, and two that no payload can have,
/// whose call it is and who made it. With those the index itself leads to no rows of others, and searching takes no longer
/// for what others have in theirs.
/// </summary>
internal static class CallLexemes
{
    private static ReadOnlySpan<byte> Organization => "o="u8;

    private static ReadOnlySpan<byte> Caller => "c="u8;

    /// <summary>Puts those of a call into an empty bag; none for a call without words.</summary>
    public static void Collect(CallRecord call, WordBag words)
    {
        CallWords.Collect(call, words);
        if (words.Count == 0) return;
        AddId(words, Organization, call.Organization.Value);
        if (PayloadReader.CallerOf(call) is { } caller) AddId(words, Caller, caller);
        else words.AddWhole(Caller);
    }

    /// <summary>As a <c>tsquery</c>.</summary>
    public static string Query(OrganizationId organization, PayloadReader reader, IReadOnlyList<SearchWord> words)
    {
        IEnumerable<string> whose = reader.SeesAll ? [OrganizationOf(organization)] : [OrganizationOf(organization), CallerOf(reader.Caller)];
        return string.Join(" & ", [.. whose.Select(w => $"'{w}'"), .. words.Select(w => $"'{w.Text}'{(w.IsBeginning ? ":*" : "")}")]);
    }

    private static string OrganizationOf(OrganizationId organization) => "o=" + Short(organization.Value);

    private static string CallerOf(Guid? caller) => caller is { } id ? "c=" + Short(id) : "c=";

    private static string Short(Guid id) => Base64Url.EncodeToString(id.ToByteArray(bigEndian: true));

    /// <summary>The same as bytes.</summary>
    private static void AddId(WordBag words, ReadOnlySpan<byte> kind, Guid id)
    {
        Span<byte> bytes = stackalloc byte[16], word = stackalloc byte[32];
        kind.CopyTo(word);
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        words.AddWhole(word[..(kind.Length + Base64Url.EncodeToUtf8(bytes, word[kind.Length..]))]);
    }
}
