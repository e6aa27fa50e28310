using System.Reflection;
using Mcpx.Core;
using Mcpx.Core.Audit;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Data;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Architecture;

/// <summary>
/// Whatever changes something writes an entry of the audit log, or stands in a list with the reason why not. Read from the
/// compiled code, so a method that is new fails until somebody has decided.
/// </summary>
public sealed class AuditDoorTests
{
    private const BindingFlags Own = BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    /// <summary>What begins so changes nothing.</summary>
    private static readonly string[] Readings = ["Find", "List", "Count", "Get", "Summarize", "Names", "Verified", "Load", "Read", "Recent", "Series", "ByServer", "Is", "Shows", "get_"];

    /// <summary>Doors that are no <c>…Admin</c>.</summary>
    private static readonly Type[] OtherDoors = [typeof(Accounts)];

    /// <summary>Methods of doors that change nothing, and don't say so by their name.</summary>
    private static readonly string[] Harmless =
    [
        "GovernanceAdmin.DraftAsync", "PolicyEngineAdmin.TryAsync", "RedactionAdmin.TryAsync",
        // Reads the server now; what that finds, nobody did.
        "ToolPinAdmin.RefreshAsync",
        "ChainAdmin.VerifyAsync",
    ];

    private static readonly Assembly Core = typeof(CoreSetup).Assembly;

    [Fact]
    public async Task A_method_of_a_store_that_changes_something_takes_its_entry_or_has_a_reason_not_to()
    {
        List<(string Method, string Reason)> listed = [.. (await File.ReadAllLinesAsync(Repository.PathOf("Mcpx.Tests", "Architecture", "unaudited.txt"), TestContext.Current.CancellationToken))
            .Where(l => l.Length > 0).Select(l => l.Split(": ", 2)).Select(l => (l[0], l.ElementAtOrDefault(1) ?? ""))];
        List<string> without = [.. Stores().SelectMany(s => s.GetMethods(Own)).Where(m => !IsReading(m) && !TakesChange(m)).Select(m => $"{m.DeclaringType!.Name}.{m.Name}").Distinct()];

        listed.ShouldAllBe(l => l.Reason.Length > 10, "Each needs its reason.");
        without.Except(listed.Select(l => l.Method)).ShouldBeEmpty($"These take no {nameof(AdminChange)} and are not in Architecture/unaudited.txt.");
        listed.Select(l => l.Method).Except(without).ShouldBeEmpty("These are in Architecture/unaudited.txt and take one, or are gone.");
    }

    [Fact]
    public void A_store_that_takes_an_entry_writes_it()
    {
        var makers = typeof(AdminChange).GetMethods(Own).Where(m => m.Name is nameof(AdminChange.Between) or nameof(AdminChange.Happened)).ToArray<MethodBase>();
        var methods = typeof(DataServices).Assembly.GetTypes().Where(t => t.IsClass && t.GetInterfaces().Any(i => Stores().Contains(i)))
            .SelectMany(t => t.GetMethods(Own)).Where(TakesChange).ToList();

        methods.Count.ShouldBeGreaterThan(35);
        // The class of groups is a part of the work of a sign-in, and is asked by nobody else.
        methods.Where(m => m.Name != nameof(IAccountWork.FollowGroupsAsync) && !CallGraph.ReachableFrom(m).Overlaps(makers))
            .Select(m => $"{m.DeclaringType!.Name}.{m.Name}").ShouldBeEmpty();
    }

    [Fact]
    public void A_method_of_a_door_that_changes_something_says_so_to_its_store()
    {
        var doors = Core.GetExportedTypes().Where(t => t.Name.EndsWith("Admin", StringComparison.Ordinal)).Concat(OtherDoors).ToList();
        var changing = doors.SelectMany(d => d.GetMethods(Own)).Where(m => !IsReading(m) && !Harmless.Contains($"{m.DeclaringType!.Name}.{m.Name}")).ToList();

        doors.Count.ShouldBeGreaterThan(15);
        changing.Count.ShouldBeGreaterThan(35);
        changing.Where(m => !CallGraph.ReachableFrom(m).Any(TakesChange)).Select(m => $"{m.DeclaringType!.Name}.{m.Name}").ShouldBeEmpty();
    }

    [Fact]
    public void Actions_are_named_once_and_can_be_stored()
    {
        AdminAction.All.Count.ShouldBeGreaterThan(40);
        AdminAction.All.Select(a => a.Name).ShouldBeUnique();
        AdminAction.All.ShouldAllBe(a => a.Words.Length > 0 && a.Group.Length > 0);
    }

    [Fact]
    public void The_reading_of_calls_sees_through_lambdas_and_state_machines()
    {
        var reached = CallGraph.ReachableFrom(typeof(MemberAdmin).GetMethod(nameof(MemberAdmin.RemoveAsync))!);

        reached.ShouldContain(m => m.DeclaringType == typeof(IMemberStore) && m.Name == nameof(IMemberStore.ChangeAsync));
        reached.ShouldContain(m => m.Name == nameof(ChangeFeed.PublishAsync));
    }

    private static IEnumerable<Type> Stores() => Core.GetExportedTypes().Where(t => t.IsInterface && (t.Name.EndsWith("Store", StringComparison.Ordinal) || t == typeof(IAccountWork)));

    private static bool IsReading(MethodInfo method) => Readings.Any(r => method.Name.StartsWith(r, StringComparison.Ordinal));

    private static bool TakesChange(MethodBase method) => method.GetParameters().Any(p => p.ParameterType == typeof(AdminChange));
}
