using System.Reflection;
using FsCheck.Fluent;
using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Journal;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Calls.Journal;

public sealed class CallCodecTests
{
    /// <summary>Made on the way from the journal to the database.</summary>
    private static readonly string[] Later = [nameof(CallRecord.Redactions)];

    /// <summary>For who watches calls end; kept nowhere.</summary>
    private static readonly string[] Passing = [nameof(CallRecord.Facets)];

    public static TheoryData<string> Members => [.. typeof(CallRecord).GetProperties().Where(p => p.CanWrite).Select(p => p.Name).Except([.. Later, .. Passing])];

    [Theory]
    [MemberData(nameof(Members))]
    public void Every_member_of_a_call_survives(string member)
    {
        var property = typeof(CallRecord).GetProperty(member)!;
        var call = JournalCalls.Full();
        // A member that this call leaves at its default would survive being forgotten.
        if (member is not (nameof(CallRecord.Response) or nameof(CallRecord.Time))) property.GetValue(call).ShouldNotBe(DefaultOf(property));

        ValueOf(RoundTrip(call)).ShouldBe(ValueOf(call));

        object? ValueOf(CallRecord one) => property.GetValue(one) is ReadOnlyMemory<byte> payload ? payload.ToArray() : property.GetValue(one);
    }

    [Fact]
    public void What_is_absent_stays_absent_and_empty_stays_empty()
    {
        var small = RoundTrip(JournalCalls.Small());
        small.ServerSlug.ShouldBeNull();
        small.Request.ShouldBeNull();
        small.User.ShouldBeNull();

        var empty = RoundTrip(JournalCalls.Small() with { ServerSlug = "", Request = Array.Empty<byte>() });
        empty.ServerSlug.ShouldBe("");
        empty.Request.Bytes().ShouldBe([]);
    }

    [Fact]
    public void Any_text_and_payload_fits_into_what_was_announced() => Property.Holds(
        Gen.Zip(Gen.Zip(ArbMap.Default.GeneratorFor<string?>(), ArbMap.Default.GeneratorFor<string?>()), ArbMap.Default.GeneratorFor<byte[]?>()),
        value =>
        {
            var ((text, other), payload) = value;
            var call = JournalCalls.Full() with { Tool = text, Reason = other, Request = payload is null ? null : (ReadOnlyMemory<byte>?)payload };
            var buffer = new byte[CallCodec.BoundOf(call)];
            var read = CallCodec.Read(buffer.AsMemory(0, CallCodec.Write(call, buffer)), new RepeatedTexts());
            // Half a surrogate pair has no UTF-8; everything else comes back as it was.
            read.Tool.ShouldBe(text is null ? null : string.Concat(text.EnumerateRunes()));
            read.Request.Bytes().ShouldBe(payload);
        });

    [Fact]
    public void A_field_that_a_later_version_added_is_passed_over()
    {
        byte[] bytes = [.. Write(JournalCalls.Full()), 200, 3, 1, 2, 3];

        CallCodec.Read(bytes, new RepeatedTexts()).Tool.ShouldBe("crm_find");
    }

    [Fact]
    public void Any_bytes_are_a_call_or_a_format_error() => Property.Holds(
        Gen.Zip(Gen.Choose(0, Write(JournalCalls.Full()).Length - 1), Gen.Choose(0, 255)),
        change =>
        {
            var bytes = Write(JournalCalls.Full());
            bytes[change.Item1] = (byte)change.Item2;
            try
            {
                CallCodec.Read(bytes, new RepeatedTexts()).Endpoint.ShouldNotBeNull();
            }
            catch (FormatException)
            {
                // Said so.
            }
        }, times: 5000);

    private static CallRecord RoundTrip(CallRecord call) => CallCodec.Read(Write(call), new RepeatedTexts());

    private static byte[] Write(CallRecord call)
    {
        var buffer = new byte[CallCodec.BoundOf(call)];
        return buffer[..CallCodec.Write(call, buffer)];
    }

    private static object? DefaultOf(PropertyInfo property) =>
        property.PropertyType.IsValueType ? Activator.CreateInstance(property.PropertyType) : null;
}
