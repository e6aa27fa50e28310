using System.Runtime.InteropServices;

namespace Mcpx.Bench.Load;

/// <summary>Id and nonce of one call: the nonce follows from the id and the seed of the stretch, so a check needs no memory.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CallNumber(long Id, ulong Nonce)
{
    public static CallNumber Of(long sequence, ulong seed) =>
        new(CallTemplate.FirstId + sequence, Mix(seed + (ulong)sequence));

    // SplitMix64's finisher: neighbouring sequence numbers get nonces that share nothing.
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
}
