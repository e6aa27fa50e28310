using System.Reflection;
using System.Reflection.Emit;

namespace Mcpx.Tests.Architecture;

/// <summary>Which types a type's code and signatures name, read from the compiled assembly.</summary>
internal static class CodeReferences
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (OpCode)f.GetValue(null)!).ToDictionary(o => o.Value);

    /// <summary>Every (from, to) of the assembly, each once.</summary>
    public static HashSet<(Type From, Type To)> Of(Assembly assembly) =>
        [.. assembly.GetTypes().SelectMany(from => TypesNamedBy(from).SelectMany(Parts).Distinct().Where(to => to != from).Select(to => (from, to)))];

    private static IEnumerable<Type> TypesNamedBy(Type type)
    {
        if (type.BaseType is { } parent) yield return parent;
        foreach (var contract in type.GetInterfaces()) yield return contract;
        foreach (var attribute in type.GetCustomAttributesData()) yield return attribute.AttributeType;
        foreach (var field in type.GetFields(Declared)) yield return field.FieldType;
        foreach (var method in type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors(Declared)))
        {
            foreach (var named in SignatureOf(method)) yield return named;
            foreach (var attribute in method.GetCustomAttributesData()) yield return attribute.AttributeType;
            foreach (var named in BodyOf(method)) yield return named;
        }
    }

    private static IEnumerable<Type> SignatureOf(MethodBase method) =>
        [.. method.GetParameters().Select(p => p.ParameterType), .. method is MethodInfo info ? [info.ReturnType] : Array.Empty<Type>()];

    private static IEnumerable<Type> BodyOf(MethodBase method)
    {
        if (method.GetMethodBody() is not { } body) yield break;
        foreach (var local in body.LocalVariables) yield return local.LocalType;
        foreach (var clause in body.ExceptionHandlingClauses.Where(c => c.Flags is ExceptionHandlingClauseOptions.Clause)) yield return clause.CatchType!;
        foreach (var member in MembersNamedBy(method))
        {
            if (member is Type named) yield return named;
            if (member?.DeclaringType is { } owner) yield return owner;
            if (member is FieldInfo field) yield return field.FieldType;
            if (member is not MethodBase called) continue;
            foreach (var part in SignatureOf(called)) yield return part;
            if (!called.IsGenericMethod) continue;
            foreach (var argument in called.GetGenericArguments()) yield return argument;
        }
    }

    /// <summary>The types, fields and methods that a method's own code names.</summary>
    public static IEnumerable<MemberInfo> MembersNamedBy(MethodBase method)
    {
        if (method.GetMethodBody() is not { } body) yield break;
        foreach (var token in TokensIn(body.GetILAsByteArray()!))
        {
            var typeArguments = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;
            if (method.Module.ResolveMember(token, typeArguments, method.IsGenericMethod ? method.GetGenericArguments() : null) is { } member) yield return member;
        }
    }

    private static IEnumerable<int> TokensIn(byte[] il)
    {
        for (var at = 0; at < il.Length;)
        {
            var code = OpCodesByValue[il[at] == 0xFE ? (short)(0xFE00 | il[at + 1]) : il[at]];
            at += code.Size;
            if (code.OperandType is OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok)
                yield return BitConverter.ToInt32(il, at);
            at += code.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(il, at),
                _ => 4,
            };
        }
    }

    private static IEnumerable<Type> Parts(Type type)
    {
        if (type.HasElementType) return Parts(type.GetElementType()!);
        if (type.IsGenericParameter) return [];
        return type.IsConstructedGenericType ? [type.GetGenericTypeDefinition(), .. type.GetGenericArguments().SelectMany(Parts)] : [type];
    }
}
