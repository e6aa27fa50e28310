using System.Text;
using Mcpx.Core.Calls;
using Mcpx.Core.Protocol;
using ModelContextProtocol.Protocol;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Protocol;

public sealed class EraRulesTests
{
    private const string Meta = """ "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}""";
    private const string StatelessCall = $$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"größe",{{{Meta}}}}}""";
    private const string StatelessList = $$$"""{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{{{Meta}}}}}""";
    private const string Initialize = """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}""";
    private const string SessionCall = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}""";

    [Theory]
    [InlineData(null)]
    [InlineData("2025-11-25")]
    [InlineData("2025-06-18")]
    [InlineData("2025-03-26")]
    [InlineData("2024-11-05")]
    public void A_call_without_metadata_is_of_the_session_era(string? version) =>
        Check(SessionCall, new McpHeaders(version, null, null, "s")).ShouldBe((ProtocolEra.Session, 0));

    [Theory]
    [InlineData(null)]
    [InlineData("2026-07-28")]
    [InlineData("2099-01-01")]
    public void Initialize_opens_a_session_whatever_the_client_tried_before(string? version) =>
        Check(Initialize, new McpHeaders(version, null, null, null)).ShouldBe((ProtocolEra.Session, 0));

    [Theory]
    [InlineData("2024-01-01")]
    [InlineData("latest")]
    [InlineData("")]
    [InlineData("2025-11-25, 2025-11-25")]
    public void An_unknown_version_is_refused_with_those_that_are_known(string version)
    {
        var error = Error(SessionCall, new McpHeaders(version, null, null, null));

        (error.Status, error.Code).ShouldBe((400, McpErrorCodes.UnsupportedProtocolVersion));
        Encoding.UTF8.GetString(error.ToJson("1"u8)).ShouldContain("\"supported\":[\"2026-07-28\",\"2025-11-25\"");
    }

    [Fact]
    public void A_stateless_call_whose_headers_agree_passes()
    {
        Check(StatelessCall, new McpHeaders("2026-07-28", "tools/call", McpHeaderEncoder.EncodeValue("größe"), null)).ShouldBe((ProtocolEra.Stateless, 0));
        Check(StatelessList, new McpHeaders("2026-07-28", "tools/list", null, "left over")).ShouldBe((ProtocolEra.Stateless, 0));
        Check("""{"jsonrpc":"2.0","method":"notifications/x"}""", new McpHeaders("2026-07-28", "notifications/x", null, null)).ShouldBe((ProtocolEra.Stateless, 0));
    }

    [Theory]
    [InlineData(null, "tools/call", "größe")]
    [InlineData("2025-11-25", "tools/call", "größe")]
    [InlineData("2026-07-28", null, "größe")]
    [InlineData("2026-07-28", "tools/list", "größe")]
    [InlineData("2026-07-28", "TOOLS/CALL", "größe")]
    [InlineData("2026-07-28", "tools/call", null)]
    [InlineData("2026-07-28", "tools/call", "grosse")]
    [InlineData("2026-07-28", "tools/call", "=?base64?!!!?=")]
    [InlineData("2026-07-28", "tools/call", "=?base64?")]
    [InlineData("2026-07-28", "tools/call", "=?base64?gA==?=")]
    public void Headers_that_say_something_else_than_the_body_are_refused(string? version, string? method, string? name)
    {
        // The header's own spelling of the right name must not decide this test.
        var header = name == "größe" ? McpHeaderEncoder.EncodeValue(name) : name;

        Check(StatelessCall, new McpHeaders(version, method, header, null)).ShouldBe((ProtocolEra.Stateless, McpErrorCodes.HeaderMismatch));
    }

    [Fact]
    public void A_resource_is_named_by_its_address()
    {
        const string read = $$$"""{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///a",{{{Meta}}}}}""";

        Check(read, new McpHeaders("2026-07-28", "resources/read", "file:///a", null)).ShouldBe((ProtocolEra.Stateless, 0));
        Check(read, new McpHeaders("2026-07-28", "resources/read", "file:///b", null)).ShouldBe((ProtocolEra.Stateless, McpErrorCodes.HeaderMismatch));
    }

    [Fact]
    public void A_stateless_request_must_carry_its_version_and_capabilities()
    {
        Check(SessionCall, new McpHeaders("2026-07-28", "tools/call", "a", null)).ShouldBe((ProtocolEra.Stateless, McpErrorCodes.InvalidParams));
        Check("""{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}""",
            new McpHeaders("2026-07-28", "ping", null, null)).ShouldBe((ProtocolEra.Stateless, McpErrorCodes.InvalidParams));
        Check("""{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2030-01-01","io.modelcontextprotocol/clientCapabilities":{}}}}""",
            new McpHeaders("2030-01-01", "ping", null, null)).ShouldBe((ProtocolEra.Stateless, McpErrorCodes.UnsupportedProtocolVersion));
    }

    [Fact]
    public void A_version_that_only_the_body_names_is_a_mismatch_before_it_is_unknown()
    {
        const string Body = """{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2030-01-01","io.modelcontextprotocol/clientCapabilities":{}}}}""";

        Check(Body, new McpHeaders("2026-07-28", "ping", null, null)).ShouldBe((ProtocolEra.Stateless, McpErrorCodes.HeaderMismatch));
        Check(Body, new McpHeaders(null, "ping", null, null)).ShouldBe((ProtocolEra.Stateless, McpErrorCodes.HeaderMismatch));
    }

    [Fact]
    public void Who_names_an_unknown_version_in_the_body_hears_of_versions_that_can_be_named_there()
    {
        const string Body = """{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2030-01-01","io.modelcontextprotocol/clientCapabilities":{}}}}""";

        var error = Error(Body, new McpHeaders("2030-01-01", "ping", null, null));

        Encoding.UTF8.GetString(error.ToJson("1"u8)).ShouldContain("\"supported\":[\"2026-07-28\"],\"requested\":\"2030-01-01\"");
    }

    private static (ProtocolEra Era, int Code) Check(string body, McpHeaders headers)
    {
        var error = EraRules.Check(Read(body), headers, out var era);
        if (error is not null) error.Status.ShouldBe(400);
        return (era, error?.Code ?? 0);
    }

    private static McpError Error(string body, McpHeaders headers) => EraRules.Check(Read(body), headers, out _).ShouldNotBeNull();

    private static McpMessage Read(string body)
    {
        McpMessageReader.TryRead(Encoding.UTF8.GetBytes(body), out var message, out var error, out _).ShouldBeTrue(error?.Message);
        return message!;
    }
}
