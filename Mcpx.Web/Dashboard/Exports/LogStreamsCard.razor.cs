using Mcpx.Core.Calls.Streaming;
using Mcpx.Core.Primitives;
using Mcpx.Web.Dashboard.Controls;

namespace Mcpx.Web.Dashboard.Exports;

/// <summary>Where the organisation's calls are sent as they happen, and how that goes.</summary>
public sealed partial class LogStreamsCard(LogStreamAdmin admin, TimeProvider time) : OrganizationPart
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private IReadOnlyList<LogStreamReport>? _streams;
    private IssuedLogStream? _issued;
    private string? _error;
    private bool _adding;
    private LogStreamId? _testing;

    protected override Task OnInitializedAsync() => LoadAsync();

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender) _ = RepeatAsync(LookEvery, time, LookAgainAsync);
    }

    private async Task LoadAsync() => _error = await ReadAsync(async actor => _streams = await admin.ListAsync(actor, Left));

    private async Task LookAgainAsync()
    {
        IReadOnlyList<LogStreamReport>? now = null;
        // What can't be read now is read in some seconds; what stands there stays.
        if (await ReadAsync(async actor => now = await admin.ListAsync(actor, Left)) is null && now is not null) _streams = now;
        StateHasChanged();
    }

    private async Task SavedAsync(IssuedLogStream issued)
    {
        _issued = issued.SigningKey is null ? null : issued;
        _adding = _issued is not null;
        if (!_adding) Toasts.Show(Tone.Good, "Log stream added: it begins with the next call");
        await LoadAsync();
    }

    private Task CloseAsync(bool open)
    {
        _adding = open;
        if (!open) _issued = null;
        return Task.CompletedTask;
    }

    /// <summary>One after the other: a target may take its time.</summary>
    private async Task TestAsync(LogStream stream)
    {
        if (_testing is not null) return;
        _testing = stream.Id;
        LogTestResult? result = null;
        await TryAsync(async actor => result = await admin.TestAsync(actor, stream.Id, Left));
        _testing = null;
        if (result is not null) Toasts.Show(result.Taken ? Tone.Good : Tone.Bad, $"“{stream.Name}”: {result.Text}");
    }

    private async Task PauseAsync(LogStream stream)
    {
        if (!await TryAsync(actor => admin.PauseAsync(actor, stream.Id, Left))) return;
        Toasts.Show(Tone.Good, $"Log stream “{stream.Name}” paused: what comes on record meanwhile is sent when it goes on");
        await LoadAsync();
    }

    private async Task ResumeAsync(LogStream stream)
    {
        if (!await TryAsync(actor => admin.ResumeAsync(actor, stream.Id, Left))) return;
        Toasts.Show(Tone.Good, $"Log stream “{stream.Name}” goes on from where it stood");
        await LoadAsync();
    }

    private async Task DeleteAsync(LogStream stream)
    {
        if (!await TryAsync(actor => admin.DeleteAsync(actor, stream.Id, Left))) return;
        Toasts.Show(Tone.Good, $"Log stream “{stream.Name}” deleted; what it has sent stays where it is");
        await LoadAsync();
    }

    private static Tone ToneOf(LogStreamReport report) => report.Stream switch
    {
        { PausedAt: not null } => Tone.Warning,
        { Progress.Problem: not null } => Tone.Bad,
        { Progress.DeliveredAt: null } => Tone.Neutral,
        _ => Tone.Good,
    };

    private static string WordOf(LogStreamReport report) => report.Stream switch
    {
        { PausedAt: not null } => "paused",
        { Progress.Problem: not null } => "failing",
        { Progress.DeliveredAt: null } => "waits for a call",
        _ => "running",
    };
}
