using Mcpx.Tests.Fixtures;
using Microsoft.Playwright;
using Xunit;

namespace Mcpx.Tests.Browser;

/// <summary>
/// The ways in which every page is looked at: theme and width in CSS pixels. Looking costs a browser's time, so that of the
/// four combinations two are looked at normally; they have each theme and each width once.
/// </summary>
public static class Looks
{
    public static TheoryData<ColorScheme, int> Shown { get; } = Property.IsNightly
        ? new() { { ColorScheme.Light, 1440 }, { ColorScheme.Dark, 390 }, { ColorScheme.Dark, 1440 }, { ColorScheme.Light, 390 } }
        : new() { { ColorScheme.Light, 1440 }, { ColorScheme.Dark, 390 } };
}
