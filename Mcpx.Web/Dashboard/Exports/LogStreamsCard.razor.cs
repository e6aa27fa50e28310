using Mcpx.Core.Calls.Streaming;
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

    private async Task DeleteAsync(LogStream stream)
    {
        if (!await TryAsync(actor => admin.DeleteAsync(actor, stream.Id, Left))) return;
        Toasts.Show(Tone.Good, $"Log stream “{stream.Name}” deleted; what it has sent stays where it is");
        await LoadAsync();
    }

    private static string FilterOf(LogStream stream) => Uri.UnescapeDataString(stream.Query).Replace("&", ", ", StringComparison.Ordinal);

    private static Tone ToneOf(LogStreamReport report) => report.Stream.Progress switch
    {
        { Problem: not null } => Tone.Bad,
        { DeliveredAt: null } => Tone.Neutral,
        _ => Tone.Good,
    };

    private static string WordOf(LogStreamReport report) => report.Stream.Progress switch
    {
        { Problem: not null } => "failing",
        { DeliveredAt: null } => "waits for a call",
        _ => "running",
    };
}
