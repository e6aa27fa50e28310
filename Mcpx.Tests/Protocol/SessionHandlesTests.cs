using FsCheck.Fluent;
using Mcpx.Core.Credentials;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Protocol;
using Mcpx.Tests.Fixtures;
using Mcpx.Tests.Identity;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Protocol;

public sealed class SessionHandlesTests : IDisposable
{
    private static readonly TestClock Clock = new();
    private readonly AesGcmSecretProtector _protector = new(new KeyRing([new byte[32]]), SessionHandles.Purpose);
    private readonly ServerId _server = EntityId.New<ServerId>(Clock);
    private readonly Caller _caller = People.Caller();

    private SessionHandles Handles => new(_protector);

    [Fact]
    public void A_handle_opens_for_the_caller_and_server_that_it_was_made_for()
    {
        var handle = Handles.Wrap(_caller, _server, "upstream-session");

        handle.ShouldNotContain("upstream-session");
        // MCP 2025-11-25, Transports, "Session Management": visible ASCII only.
        handle.ShouldAllBe(c => c >= '!' && c <= '~');
        Handles.Unwrap(_caller, _server, handle).ShouldBe("upstream-session");
    }

    [Fact]
    public void A_handle_survives_the_renewal_of_the_token() =>
        Handles.Unwrap(_caller with { Token = EntityId.New<TokenId>(Clock) }, _server, Handles.Wrap(_caller, _server, "s")).ShouldBe("s");

    [Fact]
    public void A_stolen_handle_is_useless()
    {
        var handle = Handles.Wrap(_caller, _server, "s");
        var elsewhere = _caller with { Home = People.Organization() };

        Handles.Unwrap(People.Caller(_caller.Home), _server, handle).ShouldBeNull();
        Handles.Unwrap(elsewhere, _server, handle).ShouldBeNull();
        Handles.Unwrap(_caller, EntityId.New<ServerId>(Clock), handle).ShouldBeNull();
    }

    [Fact]
    public void A_handle_with_one_character_changed_does_not_open()
    {
        var handle = Handles.Wrap(_caller, _server, "upstream-session");
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

        Property.Holds(
            from at in Gen.Choose(0, handle.Length - 2)
            from to in Gen.Elements(alphabet.ToCharArray())
            where handle[at] != to
            select handle[..at] + to + handle[(at + 1)..],
            tampered => Handles.Unwrap(_caller, _server, tampered).ShouldBeNull());
    }

    [Fact]
    public void A_handle_of_one_kind_is_never_taken_for_the_other()
    {
        var session = new ClientSession("id", "2025-11-25", "{}"u8.ToArray(), """{"name":"client"}"""u8.ToArray());
        var client = Handles.Wrap(_caller, _server.Value, session);
        var upstream = Handles.Wrap(_caller, _server, "s");

        client.ShouldAllBe(c => c >= '!' && c <= '~');
        Handles.UnwrapClient(_caller, _server.Value, client).ShouldNotBeNull().Id.ShouldBe("id");
        Handles.Unwrap(_caller, _server, client).ShouldBeNull();
        Handles.UnwrapClient(_caller, _server.Value, upstream).ShouldBeNull();
        // The mark in front of the one kind is no secret: with it or without, the seal decides.
        Handles.UnwrapClient(_caller, _server.Value, client[..2] + upstream).ShouldBeNull();
        Handles.Unwrap(_caller, _server, client[2..]).ShouldBeNull();
    }

    [Fact]
    public void No_text_makes_it_throw()
    {
        var handle = Handles.Wrap(_caller, _server, "s");
        Property.Holds(
            from text in Gen.ArrayOf(Gen.Elements("AZaz09-_+/= \t\0é".ToCharArray()))
            from cut in Gen.Choose(0, handle.Length)
            select handle[..cut] + new string(text),
            text =>
            {
                if (text != handle) Handles.Unwrap(_caller, _server, text);
            });
        Handles.Unwrap(_caller, _server, "").ShouldBeNull();
        Handles.Unwrap(_caller, _server, new string('A', 100_000)).ShouldBeNull();
    }

    public void Dispose() => _protector.Dispose();
}
