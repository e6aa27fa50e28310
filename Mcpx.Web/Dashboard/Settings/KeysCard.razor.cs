using Mcpx.Core.Credentials;

namespace Mcpx.Web.Dashboard.Settings;

/// <summary>What is sealed with which key, and the rotation; for Owners of the organisation that came with the installation.</summary>
public sealed partial class KeysCard(KeyAdmin keys, TimeProvider time) : OrganizationPart
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private KeyReport? _report;
    private string? _error;
    private bool _busy;
    private bool _watches;

    private bool IsRotating => _report?.Rotation?.IsPending is true;

    protected override Task OnInitializedAsync() => LoadAsync();

    protected override void OnAfterRender(bool firstRender)
    {
        if (!RendererInfo.IsInteractive || !IsRotating || _watches) return;
        _watches = true;
        _ = WatchAsync();
    }

    private async Task LoadAsync() => _error = await ReadAsync(async actor => _report = await keys.GetAsync(actor, Left));

    private async Task RotateAsync()
    {
        if (_busy) return;
        _busy = true;
        await TryAsync(async actor => _report = await keys.RotateAsync(actor, Left));
        _busy = false;
    }

    /// <summary>Until it is done: nobody tells how far it is.</summary>
    private async Task WatchAsync()
    {
        await RepeatAsync(LookEvery, time, LookAsync, () => IsRotating);
        _watches = false;
    }

    private async Task LookAsync()
    {
        await LoadAsync();
        StateHasChanged();
    }

    private static string Details(KeyUse use) => string.Join(", ", use.Values.Where(v => v.Value > 0).Select(v => $"{v.Value:N0} {v.Key.Replace('-', ' ')}"));

    private static string Progress(KeyReport report)
    {
        if (report.Rotation?.IsPending is true) return $"Rotating: {report.Waiting:N0} secrets to go.";
        if (report.Rotation?.Succeeded is false) return $"The last rotation failed and is tried again: {report.Rotation.Result}";
        if (report.Waiting > 0) return $"{report.Waiting:N0} secrets are sealed with an older key.";
        return report.Keys.Any(k => k.MayGo) ? "Nothing needs the older keys: take them out of ENCRYPTION_KEY at the next restart." : "Everything is sealed with the first key.";
    }
}
