using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Mcpx.Tests.Browser;

/// <summary>A page, what it complained about, and the questions that every page of the dashboard must answer well.</summary>
public sealed partial class BrowserPage : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _complaints = [];

    private BrowserPage(IBrowserContext context, IPage page)
    {
        _context = context;
        Page = page;
        // Violations of the Content-Security-Policy arrive here too, as console errors.
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") _complaints.Enqueue($"console {message.Type}: {message.Text}");
        };
        page.PageError += (_, error) => _complaints.Enqueue("uncaught: " + error);
        page.RequestFailed += (_, request) => _complaints.Enqueue($"request failed: {request.Url} {request.Failure}");
        page.Response += (_, response) =>
        {
            if (response.Status >= 400) _complaints.Enqueue($"{response.Status} {response.Url}");
        };
    }

    public IPage Page { get; }

    /// <summary>Console errors and warnings, uncaught exceptions, failed requests, answers of 400 and above.</summary>
    public IReadOnlyCollection<string> Complaints => _complaints;

    public static async Task<BrowserPage> CreateAsync(IBrowserContext context) => new(context, await context.NewPageAsync());

    /// <summary>
    /// Opens an address and waits until the circuit has drawn the page for the person whom it found, i.e. until links,
    /// charts and buttons work. An open socket is not enough: what is clicked before the circuit answers is lost, or is
    /// a request that brings a page of its own.
    /// </summary>
    public async Task GoToInteractiveAsync(string address)
    {
        await Page.GotoAsync(address);
        try
        {
            await Page.Locator(".shell[data-interactive]:has(.rail)").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        }
        catch (TimeoutException e)
        {
            throw new InvalidOperationException("No circuit. " + string.Join('\n', _complaints), e);
        }

        await Page.EvaluateAsync("document.fonts.ready");
    }

    public async Task<IReadOnlyList<string>> AccessibilityViolationsAsync()
    {
        AxeResult result = await Page.RunAxe();
        if (result.Violations.Any(rule => rule.Id == "document-title"))
        {
            // While a circuit starts, Blazor takes the title of the first drawing away and sets its own a moment later.
            await Assertions.Expect(Page).ToHaveTitleAsync(AnyTitle());
            result = await Page.RunAxe();
        }

        return [.. result.Violations.SelectMany(rule => rule.Nodes.Select(node => $"{rule.Id}: {node.Html}"))];
    }

    /// <summary>By how many pixels the document is wider than the window.</summary>
    public Task<int> HorizontalOverflowAsync() =>
        Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");

    /// <summary>Saves a picture when MCPX_SCREENSHOTS names a directory; a person looks at it, no test does.</summary>
    public async Task ScreenshotAsync(string name, bool fullPage = true)
    {
        if (Environment.GetEnvironmentVariable("MCPX_SCREENSHOTS") is not { Length: > 0 } directory) return;
        await Page.ScreenshotAsync(new() { Path = Path.Combine(directory, name + ".png"), FullPage = fullPage });
    }

    [GeneratedRegex(@"\S", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex AnyTitle();

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();
}
