using System.Diagnostics.CodeAnalysis;

namespace Mcpx.Core.Primitives;

/// <summary>A typed id over a UUIDv7 (RFC 9562, section 5.7), so that a server's id can't be passed for a token's.</summary>
public interface IEntityId<TSelf> where TSelf : struct, IEntityId<TSelf>
{
    Guid Value { get; }

    static abstract TSelf From(Guid value);
}

public static class EntityId
{
    /// <summary>A new id whose order in an index follows the time of its making.</summary>
    public static TId New<TId>(TimeProvider time) where TId : struct, IEntityId<TId> =>
        TId.From(Guid.CreateVersion7(time.GetUtcNow()));

    /// <summary>Accepts the hyphenated form only: one entity has one spelling in URLs and in the audit.</summary>
    public static bool TryParse<TId>([NotNullWhen(true)] string? text, out TId id) where TId : struct, IEntityId<TId>
    {
        bool ok = Guid.TryParseExact(text, "D", out Guid value);
        id = ok ? TId.From(value) : default;
        return ok;
    }
}

public readonly record struct OrganizationId(Guid Value) : IEntityId<OrganizationId>
{
    /// <summary>Stands for "no organisation could be told": a refused call that named none that exists.</summary>
    public static OrganizationId None => default;

    public static OrganizationId From(Guid value) => new(value);

    public override string ToString() => Value.ToString("D");
}

public readonly record struct UserId(Guid Value) : IEntityId<UserId>
{
    public static UserId From(Guid value) => new(value);

    public override string ToString() => Value.ToString("D");
}

public readonly record struct TokenId(Guid Value) : IEntityId<TokenId>
{
    public static TokenId From(Guid value) => new(value);

    public override string ToString() => Value.ToString("D");
}

public readonly record struct ServerId(Guid Value) : IEntityId<ServerId>
{
    public static ServerId From(Guid value) => new(value);

    public override string ToString() => Value.ToString("D");
}

public readonly record struct GatewayId(Guid Value) : IEntityId<GatewayId>
{
    public static GatewayId From(Guid value) => new(value);

    public override string ToString() => Value.ToString("D");
}

public readonly record struct ToolRuleId(Guid Value) : IEntityId<ToolRuleId>
{
    public static ToolRuleId From(Guid value) => new(value);

    public override string ToString() => Value.ToString("D");
}

public readonly record struct CallLimitId(Guid Value) : IEntityId<CallLimitId>
{
    public static CallLimitId From(Guid value) => new(value);

    public override string ToString() => Value.ToString("D");
}

public readonly record struct LegalHoldId(Guid Value) : IEntityId<LegalHoldId>
{
    public static LegalHoldId From(Guid value) => new(value);

    public override string ToString() => Value.ToString("D");
}

public readonly record struct CallId(Guid Value) : IEntityId<CallId>
{
    public static CallId From(Guid value) => new(value);

    public override string ToString() => Value.ToString("D");
}

public readonly record struct SessionId(Guid Value) : IEntityId<SessionId>
{
    public static SessionId From(Guid value) => new(value);

    public override string ToString() => Value.ToString("D");
}

public readonly record struct InvitationId(Guid Value) : IEntityId<InvitationId>
{
    public static InvitationId From(Guid value) => new(value);

    public override string ToString() => Value.ToString("D");
}

public readonly record struct ServiceAccountId(Guid Value) : IEntityId<ServiceAccountId>
{
    public static ServiceAccountId From(Guid value) => new(value);

    public override string ToString() => Value.ToString("D");
}

public readonly record struct ServiceAccountSecretId(Guid Value) : IEntityId<ServiceAccountSecretId>
{
    public static ServiceAccountSecretId From(Guid value) => new(value);

    public override string ToString() => Value.ToString("D");
}

public readonly record struct AdminEntryId(Guid Value) : IEntityId<AdminEntryId>
{
    public static AdminEntryId From(Guid value) => new(value);

    public override string ToString() => Value.ToString("D");
}

public readonly record struct SavedFilterId(Guid Value) : IEntityId<SavedFilterId>
{
    public static SavedFilterId From(Guid value) => new(value);

    public override string ToString() => Value.ToString("D");
}

public readonly record struct ScheduledExportId(Guid Value) : IEntityId<ScheduledExportId>
{
    public static ScheduledExportId From(Guid value) => new(value);

    public override string ToString() => Value.ToString("D");
}

public readonly record struct LogStreamId(Guid Value) : IEntityId<LogStreamId>
{
    public static LogStreamId From(Guid value) => new(value);

    public override string ToString() => Value.ToString("D");
}
