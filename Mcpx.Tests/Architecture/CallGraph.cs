using System.Reflection;
using System.Runtime.CompilerServices;

namespace Mcpx.Tests.Architecture;

/// <summary>Which methods a method leads to inside of its own class, through its lambdas and state machines.</summary>
internal static class CallGraph
{
    /// <summary>Every method that <paramref name="from"/> names, and what methods of its own class name in their turn.</summary>
    public static HashSet<MethodBase> ReachableFrom(MethodBase from)
    {
        var home = OutermostOf(from.DeclaringType!);
        HashSet<MethodBase> seen = [];
        Queue<MethodBase> waiting = new([from]);
        while (waiting.TryDequeue(out var method))
        {
            foreach (var named in NamedBy(method))
            {
                // Another closed form of a generic method has the same body.
                var definition = Definition(named);
                if (!seen.Add(definition)) continue;
                if (OutermostOf(definition.DeclaringType!) == home) waiting.Enqueue(definition);
            }
        }

        return seen;
    }

    private static IEnumerable<MethodBase> NamedBy(MethodBase method)
    {
        if (method.GetCustomAttribute<AsyncStateMachineAttribute>() is { } machine)
            yield return machine.StateMachineType.GetMethod("MoveNext", BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.Instance)!;
        foreach (var named in CodeReferences.MembersNamedBy(method).OfType<MethodBase>()) yield return named;
    }

    private static MethodBase Definition(MethodBase method)
    {
        if (method is MethodInfo { IsGenericMethod: true, IsGenericMethodDefinition: false } generic) method = generic.GetGenericMethodDefinition();
        return method.DeclaringType is { IsConstructedGenericType: true } type
            ? type.GetGenericTypeDefinition().GetMembers(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly)
                .OfType<MethodBase>().FirstOrDefault(m => m.MetadataToken == method.MetadataToken) ?? method
            : method;
    }

    private static Type OutermostOf(Type type) => type.DeclaringType is { } outer ? OutermostOf(outer) : type;
}
