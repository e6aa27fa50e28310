namespace Mcpx.Core.Primitives;

/// <summary>Names that other parsers take for the same although their letters differ in case.</summary>
public static class LetterCase
{
    /// <summary>
    /// True also for the two letters beyond ASCII that Unicode folds into it: Go's encoding/json takes "param\u017f" for
    /// "params", and so would act on another member than the one we looked at.
    /// </summary>
    public static bool AreAlike(string one, string other) => string.Equals(Fold(one), Fold(other), StringComparison.OrdinalIgnoreCase);

    private static string Fold(string name) => name.Replace('\u017f', 's').Replace('\u212a', 'k');
}
