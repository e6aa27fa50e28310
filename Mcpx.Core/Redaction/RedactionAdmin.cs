using System.Text;
using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;

namespace Mcpx.Core.Redaction;

/// <summary>What rules that are not saved would make of a sample.</summary>
/// <param name="Text">The sample after the rules; null when it would not be kept.</param>
/// <param name="Payloads">How the server's calls are recorded.</param>
/// <param name="Found">What was found by which rule.</param>
public sealed record RedactionTrial(string? Text, PayloadMode Payloads, IReadOnlyList<RedactionFinding> Found);

/// <summary>A sample and what to try on it; null takes what is saved.</summary>
public sealed record RedactionSample(
    string Text, ServerId? Server = null, IReadOnlyList<RedactionRule>? Rules = null, PayloadMode? Payloads = null, IReadOnlyList<RedactionRule>? ServerRules = null);

/// <summary>The one door to what is kept of payloads.</summary>
public sealed class RedactionAdmin(IRedactionStore store, RedactionKeys keys, ChangeFeed changes, TimeProvider time)
{
    /// <summary>In bytes: what a record keeps of one payload.</summary>
    public const int LongestSample = 256 << 10;

    /// <exception cref="RefusalException">Not allowed.</exception>
    public async Task<OrganizationRules> GetAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return await store.FindRulesAsync(actor.Organization, cancellationToken) ?? OrganizationRules.Default;
    }

    /// <summary>Of those servers that have settings of their own.</summary>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public Task<IReadOnlyList<ServerRedaction>> ListServersAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return store.ListServersAsync(actor.Organization, cancellationToken);
    }

    /// <exception cref="RefusalException">Not allowed, or no such server.</exception>
    public async Task<ServerRedaction> GetServerAsync(Actor actor, ServerId server, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ViewResources);
        return await store.FindServerAsync(actor.Organization, server, cancellationToken) ?? throw new RefusalException.NotFound("server");
    }

    /// <summary>Takes effect for what is recorded from now on; records that exist stay as they are.</summary>
    /// <exception cref="RefusalException">Not allowed, or wrong.</exception>
    public async Task<OrganizationRules> ReplaceAsync(Actor actor, IReadOnlyList<RedactionRule> rules, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageGovernance);
        OrganizationRules saved = new(RedactionInput.Check(rules, "rules"), Instant.Now(time));
        if (!await store.SaveRulesAsync(actor.Organization, saved, OfOrganization(actor), cancellationToken)) throw new RefusalException.NotFound("organization");
        await PublishAsync(actor);
        return saved;
    }

    /// <summary>Back to the built-in rules.</summary>
    /// <exception cref="RefusalException">Not allowed.</exception>
    public async Task<OrganizationRules> ResetAsync(Actor actor, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageGovernance);
        if (await store.DeleteRulesAsync(actor.Organization, OfOrganization(actor), cancellationToken)) await PublishAsync(actor);
        return OrganizationRules.Default;
    }

    /// <inheritdoc cref="ReplaceAsync"/>
    public async Task<ServerRedaction> ReplaceServerAsync(Actor actor, ServerId server, PayloadMode payloads, IReadOnlyList<RedactionRule> rules, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageGovernance);
        ServerRedaction saved = new(server, payloads, RedactionInput.Check(rules, "rules"));
        AdminChange change = AdminChange.By(actor, AdminAction.RedactionReplace, SubjectKinds.Server, server.Value, time);
        if (!await store.SaveServerAsync(actor.Organization, saved, Instant.Now(time), change, cancellationToken)) throw new RefusalException.NotFound("server");
        await PublishAsync(actor);
        return saved;
    }

    /// <summary>Shows what would be kept of a sample. Nothing is saved, and the sample least of all.</summary>
    /// <exception cref="RefusalException">Not allowed, wrong, or no such server.</exception>
    public async Task<RedactionTrial> TryAsync(Actor actor, RedactionSample sample, CancellationToken cancellationToken)
    {
        actor.Demand(Permission.ManageGovernance);
        int length = Encoding.UTF8.GetByteCount(sample.Text);
        new InputCheck().Require(length is > 0 and <= LongestSample, "sample", $"Paste 1 to {LongestSample >> 10} KiB.").ThrowIfWrong();
        IReadOnlyList<RedactionRule> common = sample.Rules is { } draft ? RedactionInput.Check(draft, "rules") : (await GetAsync(actor, cancellationToken)).Rules;
        ServerRedaction settings = new(default, sample.Payloads ?? PayloadMode.Redacted, []);
        if (sample.Server is { } server)
        {
            ServerRedaction saved = await GetServerAsync(actor, server, cancellationToken);
            settings = saved with { Payloads = sample.Payloads ?? saved.Payloads, Rules = sample.ServerRules is { } own ? RedactionInput.Check(own, "serverRules") : saved.Rules };
        }

        if (settings.Payloads is PayloadMode.MetadataOnly) return new RedactionTrial(null, settings.Payloads, []);
        RuleSet rules = new(settings.Payloads, [.. settings.Rules, .. common]);
        RedactionKey? key = await keys.GetAsync(actor.Organization, cancellationToken);
        RedactedPayload redacted = Redactor.Apply(rules, Encoding.UTF8.GetBytes(sample.Text), key?.Values, time);
        return new RedactionTrial(redacted.Bytes is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : null, settings.Payloads, [.. redacted.In(RecordPart.Request, rules)]);
    }

    private AdminChange OfOrganization(Actor actor) => AdminChange.By(actor, AdminAction.RedactionReplace, SubjectKinds.Organization, actor.Organization.Value, time);

    private ValueTask PublishAsync(Actor actor) => changes.PublishAsync(new Change(ChangeKind.Configuration, actor.Organization.Value));
}
