using System.Text;
using Mcpx.Core.Calls;
using Mcpx.Core.Proxy;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Proxy;

public sealed class AnswerPeekTests
{
    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{}}""", AnswerKind.Result)]
    [InlineData("""{"result":{"big""", AnswerKind.Result)]
    [InlineData("""{"id":1,"x":{"error":1},"error":{"code":1}}""", AnswerKind.Error)]
    [InlineData("""{"jsonrpc":"2.0","method":"notifications/progress"}""", AnswerKind.Interim)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"m\u0065thod":"roots/list"}""", AnswerKind.Interim)]
    [InlineData("{}", AnswerKind.Garbage)]
    [InlineData("", AnswerKind.Garbage)]
    [InlineData("[]", AnswerKind.Garbage)]
    [InlineData("<html>", AnswerKind.Garbage)]
    [InlineData("""{"x":1""", AnswerKind.Garbage)]
    [InlineData("""{"id":1,,"result":{}}""", AnswerKind.Garbage)]
    public void A_message_is_told_by_its_members(string message, AnswerKind kind) => AnswerPeek.KindOf(Encoding.UTF8.GetBytes(message)).ShouldBe(kind);

    [Theory]
    [InlineData("""{"result":{"content":[],"isError":true}}""", CallOutcome.ToolError)]
    [InlineData("""{"result":{"isError" : true,"content":[]},"id":1}""", CallOutcome.ToolError)]
    [InlineData("""{"result":{"isError":false}}""", CallOutcome.Ok)]
    [InlineData("""{"result":{"isError":"true"}}""", CallOutcome.Ok)]
    [InlineData("""{"result":{"content":[{"isError":true}]}}""", CallOutcome.Ok)]
    [InlineData("""{"result":{"content":[{"text":"\"isError\":true"}]}}""", CallOutcome.Ok)]
    [InlineData("""{"x":{"isError":true},"result":{}}""", CallOutcome.Ok)]
    [InlineData("""{"result":{"isError":true,"content":"cut""", CallOutcome.ToolError)]
    [InlineData("""{"result":{"content":"\"isError\" cut""", CallOutcome.Ok)]
    public void A_tool_that_says_it_failed_is_an_error(string message, CallOutcome outcome) =>
        AnswerPeek.OutcomeOf(200, AnswerKind.Result, Encoding.UTF8.GetBytes(message)).ShouldBe(outcome);

    [Fact]
    public void An_error_of_the_protocol_is_an_error_of_the_tool() => AnswerPeek.OutcomeOf(200, AnswerKind.Error, "{}"u8).ShouldBe(CallOutcome.ToolError);
}
