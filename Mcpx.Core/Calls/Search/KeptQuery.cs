using Mcpx.Core.Primitives;

namespace Mcpx.Core.Calls.Search;

/// <summary>Reads a filter of calls that is to be kept as text. What its words mean is for <see cref="CallQueries"/> to say.</summary>
internal static class KeptQuery
{
    private const string Field = "query";

    /// <param name="text">As it stands in an address behind the question mark, with or without that; nothing is all calls.</param>
    public static CallQuery Check(InputCheck check, string? text)
    {
        string trimmed = (text ?? "").Trim().TrimStart('?');
        CallQuery query = trimmed.Length > CallQuery.LongestText ? new CallQuery() : CallQuery.Parse(trimmed) with { Cursor = null };
        string kept = query.ToText();
        check.Require(trimmed.Length <= CallQuery.LongestText && kept.Length <= CallQuery.LongestText, Field, $"Use at most {CallQuery.LongestText} characters.")
            .Text(kept, Field)
            // Whoever mistypes all of it would get everything.
            .Require(kept.Length > 0 || trimmed.Length is 0 or > CallQuery.LongestText, Field, "Nothing of this is a filter of calls.");
        return query;
    }

    /// <summary>The same for what goes on and on, and has its times from elsewhere.</summary>
    /// <param name="timeless">Says why times mean nothing here.</param>
    public static CallQuery Check(InputCheck check, string? text, string timeless)
    {
        CallQuery query = Check(check, text);
        check.Require(query is { Range: null, From: null, To: null }, Field, timeless);
        return query;
    }
}
