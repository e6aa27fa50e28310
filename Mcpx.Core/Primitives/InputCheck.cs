using System.Text.RegularExpressions;

namespace Mcpx.Core.Primitives;

/// <summary>Collects every mistake of one input, so that a person mends them in one go.</summary>
public sealed partial class InputCheck
{
    /// <summary>Nobody mends more in one go, and an input must not make an answer many times its own size.</summary>
    private const int MostErrors = 100;

    private readonly List<FieldError> _errors = [];

    /// <summary>Lower-case letters, digits and inner hyphens, 1–63 characters: a DNS label, safe in URLs and metric labels.</summary>
    [GeneratedRegex("^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 100)]
    private static partial Regex SlugPattern();

    public InputCheck Require(bool holds, string field, string message)
    {
        if (!holds && _errors.Count < MostErrors)
            _errors.Add(new FieldError(field, message));
        return this;
    }

    public InputCheck Slug(string? value, string field) =>
        Require(IsSlug(value), field,
            "Use 1–63 lower-case letters, digits and hyphens, with no hyphen at either end.");

    public static bool IsSlug(string? value) => value is not null && SlugPattern().IsMatch(value);

    public InputCheck Name(string? value, string field, int max = 100) =>
        Require(!string.IsNullOrWhiteSpace(value), field, "A name is required.")
            .Require(value is null || value.Length <= max, field, $"Use at most {max} characters.")
            .Text(value, field);

    /// <summary>PostgreSQL's text takes no NUL, and control characters forge log lines and terminals.</summary>
    public InputCheck Text(string? value, string field) =>
        Require(value is null || IsPaired(value) && !value.Any(c => char.IsControl(c) && c is not '\n' and not '\t'), field,
            "Control characters are not allowed.");

    public void ThrowIfWrong()
    {
        if (_errors.Count > 0)
            throw new RefusalException.Invalid(_errors);
    }

    private static bool IsPaired(string value)
    {
        for (int i = 0; i < value.Length; i++)
        {
            if (!char.IsSurrogate(value[i])) continue;
            if (!char.IsHighSurrogate(value[i]) || i + 1 == value.Length || !char.IsLowSurrogate(value[i + 1])) return false;
            i++;
        }

        return true;
    }
}
