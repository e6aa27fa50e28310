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
    private const string Nobody = "c=";

    /// <summary>None for a call without words.</summary>
    public static IReadOnlyCollection<string> Of(CallRecord call)
    {
        IReadOnlyCollection<string> words = CallWords.Of(call);
        return words.Count == 0 ? [] : [.. words, OrganizationOf(call.Organization), CallerOf(PayloadReader.CallerOf(call))];
    }

    /// <summary>As a <c>tsquery</c>.</summary>
    public static string Query(OrganizationId organization, PayloadReader reader, IReadOnlyList<SearchWord> words)
    {
        IEnumerable<string> whose = reader.SeesAll ? [OrganizationOf(organization)] : [OrganizationOf(organization), CallerOf(reader.Caller)];
        return string.Join(" & ", [.. whose.Select(w => $"'{w}'"), .. words.Select(w => $"'{w.Text}'{(w.IsBeginning ? ":*" : "")}")]);
    }

    private static string OrganizationOf(OrganizationId organization) => "o=" + Short(organization.Value);

    private static string CallerOf(Guid? caller) => caller is { } id ? "c=" + Short(id) : Nobody;

    private static string Short(Guid id) => Base64Url.EncodeToString(id.ToByteArray(bigEndian: true));
}
