using System.Text;
using Mcpx.Core.Governance.Pinning;
using Mcpx.Core.Servers;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Governance;

/// <summary>What pins decide, by mode and state.</summary>
public sealed class ServerPinsTests
{
    private static readonly DefinitionHash Good = Hash("good");
    private static readonly DefinitionHash Other = Hash("other");

    [Theory]
    [InlineData(PinMode.Quarantine, "approved", null)]
    [InlineData(PinMode.Quarantine, "new", "pin:new")]
    [InlineData(PinMode.Quarantine, "changed", "pin:changed")]
    [InlineData(PinMode.Quarantine, "rejected", "pin:rejected")]
    [InlineData(PinMode.Quarantine, "unknown", "pin:unknown")]
    [InlineData(PinMode.Alert, "approved", null)]
    [InlineData(PinMode.Alert, "new", null)]
    [InlineData(PinMode.Alert, "changed", null)]
    [InlineData(PinMode.Alert, "rejected", "pin:rejected")]
    [InlineData(PinMode.Alert, "unknown", null)]
    [InlineData(PinMode.Allow, "rejected", null)]
    [InlineData(PinMode.Allow, "unknown", null)]
    public void A_call_is_decided_by_what_was_seen_last(PinMode mode, string tool, string? rule) => (Pins(mode).Decide(tool)?.Rule).ShouldBe(rule);

    [Fact]
    public void A_list_shows_what_may_be_called_as_it_was_approved_and_nothing_else()
    {
        var pins = Pins(PinMode.Quarantine);

        pins.Shows("approved", Good).ShouldBeTrue();
        pins.Shows("approved", Other).ShouldBeFalse();
        pins.Shows("changed", Good).ShouldBeFalse();
        pins.Shows("changed", Other).ShouldBeFalse();
        pins.Shows("new", Other).ShouldBeFalse();
        pins.Shows("unknown", Good).ShouldBeFalse();
        pins.Shows("approved", null).ShouldBeFalse();
        Pins(PinMode.Alert).Shows("changed", Other).ShouldBeTrue();
        Pins(PinMode.Alert).Shows("rejected", Other).ShouldBeFalse();
        Pins(PinMode.Alert).Shows("approved", null).ShouldBeFalse();
        Pins(PinMode.Allow).Shows("anything", null).ShouldBeTrue();
    }

    [Fact]
    public void Before_the_first_reading_everything_passes_unless_it_is_to_be_reviewed()
    {
        var trusting = new ServerPins(default, PinSettings.Default, 0, []);
        var reviewing = new ServerPins(default, PinSettings.Default with { ReviewFirst = true }, 0, []);

        trusting.Decide("x").ShouldBeNull();
        trusting.Shows("x", Good).ShouldBeTrue();
        reviewing.Decide("x")!.Rule.ShouldBe("pin:unread");
        reviewing.Shows("x", Good).ShouldBeFalse();
        PinSnapshot.Empty.Find(default, default).ShouldBeNull();
    }

    [Fact]
    public void Only_what_nobody_noted_is_news()
    {
        var pins = Pins(PinMode.Quarantine);

        pins.IsNews("approved", Good).ShouldBeFalse();
        pins.IsNews("approved", Other).ShouldBeTrue();
        pins.IsNews("changed", Other).ShouldBeFalse();
        pins.IsNews("rejected", Other).ShouldBeFalse();
        pins.IsNews("unknown", Other).ShouldBeTrue();
        pins.Pending.ShouldBe(2);
    }

    private static ServerPins Pins(PinMode mode) => new(default, new PinSettings(mode, ReviewFirst: false, DateTimeOffset.UnixEpoch), 1,
    [
        new("approved", new ToolPin(Good, Good, null)),
        new("new", new ToolPin(null, Other, null)),
        new("changed", new ToolPin(Good, Other, null)),
        new("rejected", new ToolPin(Good, Other, Other)),
    ]);

    private static DefinitionHash Hash(string text) => DefinitionHash.Of(Encoding.UTF8.GetBytes($"\"{text}\""))!.Value;
}
