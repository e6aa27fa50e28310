using Mcpx.Core.Primitives;

namespace Mcpx.Web.Api;

/// <summary>Strings at the edge, typed values behind it.</summary>
internal static class ApiInput
{
    /// <summary>A text that is no id names nothing: 404, like an id that is not there.</summary>
    public static TId Id<TId>(string text, string what) where TId : struct, IEntityId<TId> =>
        EntityId.TryParse(text, out TId id) ? id : throw new RefusalException.NotFound(what);

    /// <exception cref="RefusalException.Invalid">The value is none of the enum's names.</exception>
    public static TEnum? Choice<TEnum>(string? text, string field) where TEnum : struct, Enum
    {
        if (string.IsNullOrEmpty(text)) return null;
        if (!int.TryParse(text, out _) && Enum.TryParse(text, ignoreCase: true, out TEnum value)) return value;
        string names = string.Join(", ", Enum.GetNames<TEnum>().Select(CamelCase));
        throw new RefusalException.Invalid([new FieldError(field, $"Use one of {names}.")]);
    }

    public static string CamelCase(string name) => char.ToLowerInvariant(name[0]) + name[1..];
}
