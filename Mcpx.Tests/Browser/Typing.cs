using Mcpx.Tests.Fixtures;
using Microsoft.Playwright;
using Xunit;

namespace Mcpx.Tests.Browser;

internal static class Typing
{
    /// <summary>
    /// Puts a text in the place of what a field holds. Filling selects what is there and types over it; a page that is drawn
    /// between the two takes the selection away, and then both texts stand there. A person would see that, and type again.
    /// </summary>
    public static Task EnterAsync(this ILocator field, string text) => Eventually.TrueAsync(async () =>
    {
        await field.FillAsync(text);
        return await field.InputValueAsync() == text;
    }, $"the field holds “{text}”", null, TestContext.Current.CancellationToken);
}
