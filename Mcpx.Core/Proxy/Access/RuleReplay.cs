using Mcpx.Core.Calls;
using Mcpx.Core.Governance;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Redaction;

namespace Mcpx.Core.Proxy.Access;

/// <summary>What rules would have made of the calls that were recorded.</summary>
/// <param name="Judged">Calls of which it could be said.</param>
/// <param name="WouldDeny">Of those: calls that passed then and would be denied.</param>
/// <param name="WouldAllow">Of those: calls that rules denied then and would not.</param>
/// <param name="NotJudged">Calls whose arguments or caller's role are not known any more, and on which that would decide.</param>
/// <param name="IsCut">There were more calls than are looked at; these are the newest.</param>
/// <param name="Since">Of the oldest call that was looked at; null when there was none.</param>
/// <param name="Denied">By caller, tool and rule, the most first.</param>
public sealed record ReplayReport(
    int Judged, int WouldDeny, int WouldAllow, int NotJudged, bool IsCut, DateTimeOffset? Since, IReadOnlyList<ReplayedGroup> Denied);

/// <summary>Calls of one caller and tool that one rule would deny.</summary>
public sealed record ReplayedGroup(string Caller, string Tool, string Rule, int Calls, DateTimeOffset Last);

/// <summary>Tries rules on the recorded calls of a server before they are saved, by the policy that would decide them.</summary>
public sealed class RuleReplay(GovernanceAdmin governance, ICallStore calls, CallJournal journal, IMemberStore members, IServiceAccountStore accounts, TimeProvider time)
{
    public const int LongestDays = 30;
    public const int MostCalls = 50_000;
    private const int MostGroups = 500;

    /// <exception cref="RefusalException">Not allowed, wrong, or no such server.</exception>
    public async Task<ReplayReport> RunAsync(Actor actor, ServerId server, NewGovernance input, int days, CancellationToken cancellationToken)
    {
        new InputCheck().Require(days is >= 1 and <= LongestDays, "days", $"Use 1 to {LongestDays} days.").ThrowIfWrong();
        ServerGovernance draft = await governance.DraftAsync(actor, server, input, cancellationToken);
        await journal.FlushAsync(cancellationToken);
        Run run = new(new ToolPolicy(draft with { Enforce = true }), draft.Rules.Any(r => r.For.Kind is AudienceKind.Role));
        Dictionary<Guid, Role?> roles = [];
        await foreach (RecordedCall call in calls.ReadToolCallsAsync(actor.Organization, server, time.GetUtcNow().AddDays(-days), MostCalls + 1, cancellationToken))
        {
            if (run.Seen == MostCalls)
            {
                run.IsCut = true;
                break;
            }

            Role? role = run.NeedsRole ? await RoleOfAsync(actor.Organization, call, roles, cancellationToken) : null;
            run.Take(call, role);
        }

        return run.ToReport();
    }

    /// <summary>As it is now: what it was then is not kept.</summary>
    private async Task<Role?> RoleOfAsync(OrganizationId organization, RecordedCall call, Dictionary<Guid, Role?> known, CancellationToken cancellationToken)
    {
        Guid id = call.User?.Value ?? call.ServiceAccount?.Value ?? Guid.Empty;
        if (known.TryGetValue(id, out Role? role)) return role;
        if (call.User is { } user) role = (await members.FindAsync(organization, user, cancellationToken))?.Role;
        else if (call.ServiceAccount is { } account) role = (await accounts.FindAsync(organization, account, cancellationToken))?.Account.Role;
        return known[id] = role;
    }

    private sealed class Run(ToolPolicy policy, bool needsRole)
    {
        private readonly Dictionary<(string Caller, string Tool, string Rule), (int Calls, DateTimeOffset Last)> _denied = [];
        private int _judged;
        private int _wouldDeny;
        private int _wouldAllow;
        private int _notJudged;
        private DateTimeOffset? _since;

        public bool NeedsRole { get; } = needsRole;

        public bool IsCut { get; set; }

        public int Seen { get; private set; }

        public void Take(RecordedCall call, Role? role)
        {
            Seen++;
            _since = call.Time;
            RuleSubject who = new(role, call.User, call.ServiceAccount, call.Token);
            bool isWhole = call is { Request: not null, IsTruncated: false };
            IReadOnlyList<ToolRule> conditional = isWhole && !call.IsRedacted ? [] : policy.ConditionsOf(who, call.Tool);
            if (NeedsRole && role is null || conditional.Count > 0 && (!isWhole || MayBeRedacted(call.Request, conditional)))
            {
                _notJudged++;
                return;
            }

            _judged++;
            Decision decision = policy.Decide(who, call.Tool, call.Request ?? "{}"u8.ToArray());
            // What a rule that is only logged would deny is not denied by saving these rules.
            if (decision is not Decision.Deny denied)
            {
                if (call.WasDenied) _wouldAllow++;
                return;
            }

            if (call.WasDenied) return;
            _wouldDeny++;
            (string, string, string) key = (call.CallerName, call.Tool, denied.Rule);
            if (_denied.TryGetValue(key, out (int Calls, DateTimeOffset Last) group)) _denied[key] = group with { Calls = group.Calls + 1 };
            else if (_denied.Count < MostGroups) _denied.Add(key, (1, call.Time));
        }

        /// <summary>A mask is not what was sent, and neither is what a mask or a gap leads to: it can't be told.</summary>
        private static bool MayBeRedacted(byte[]? request, IReadOnlyList<ToolRule> rules)
        {
            ArgumentPaths paths = new();
            HashSet<int> asked = [];
            foreach (ArgumentCondition condition in rules.SelectMany(r => r.Conditions))
            {
                if (ArgumentPath.TryParse(condition.Path, out ArgumentPath? path)) asked.Add(paths.SlotOf(path));
            }

            ArgumentValue[] values = paths.Read(request ?? []);
            return asked.Any(slot => values[slot].State is ValueState.Missing || values[slot].State is ValueState.Found && Marker.IsIn(values[slot].Json.Span));
        }

        public ReplayReport ToReport() => new(_judged, _wouldDeny, _wouldAllow, _notJudged, IsCut, _since,
            [.. _denied.OrderByDescending(d => d.Value.Calls).Select(d => new ReplayedGroup(d.Key.Caller, d.Key.Tool, d.Key.Rule, d.Value.Calls, d.Value.Last))]);
    }
}
