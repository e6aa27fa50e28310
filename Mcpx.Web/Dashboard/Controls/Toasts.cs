namespace Mcpx.Web.Dashboard.Controls;

/// <summary>One short message about something that has just happened.</summary>
public sealed record Toast(long Id, Tone Tone, string Text);

/// <summary>The messages of one circuit. Pages call <see cref="Show"/>; the layout's host draws them and lets them go.</summary>
public sealed class Toasts(TimeProvider time)
{
    private static readonly TimeSpan Life = TimeSpan.FromSeconds(6);
    private readonly Lock _gate = new();
    private readonly List<Toast> _shown = [];
    private long _next;

    public event EventHandler? Changed;

    public IReadOnlyList<Toast> Shown
    {
        get
        {
            lock (_gate) return [.. _shown];
        }
    }

    public void Show(Tone tone, string text)
    {
        Toast toast;
        lock (_gate)
        {
            toast = new Toast(++_next, tone, text);
            _shown.Add(toast);
            // More than three at once are not read; the oldest makes room.
            if (_shown.Count > 3) _shown.RemoveAt(0);
        }

        Changed?.Invoke(this, EventArgs.Empty);
        // What went wrong stays until somebody has read it and closes it.
        if (tone is not (Tone.Bad or Tone.Warning)) _ = LetGoAsync(toast.Id);
    }

    public void Close(long id)
    {
        lock (_gate) _shown.RemoveAll(toast => toast.Id == id);
        Changed?.Invoke(this, EventArgs.Empty);
    }

    private async Task LetGoAsync(long id)
    {
        await Task.Delay(Life, time);
        Close(id);
    }
}
