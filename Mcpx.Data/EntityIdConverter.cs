using Mcpx.Core.Primitives;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Mcpx.Data;

/// <summary>Stores a typed id as <c>uuid</c>.</summary>
internal sealed class EntityIdConverter<TId>() : ValueConverter<TId, Guid>(id => id.Value, value => From(value))
    where TId : struct, IEntityId<TId>
{
    // An expression tree can't call a static abstract member.
    private static TId From(Guid value) => TId.From(value);
}
