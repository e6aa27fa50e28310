using Mcpx.Core.Gateways;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy.Gateways;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Gateways;

/// <summary>What clients of a gateway see now, which member is missing and why. It follows changes by itself.</summary>
public sealed partial class ShownCard(GatewayExplainer explainer) : OrganizationPart
{
    private const int MostLinks = 4;

    private GatewayExplanation? _shown;
    private VirtualGateway? _looked;
    private IDisposable? _watch;
    private string? _error;
    private string? _told;
    private int _conflicts = 5;
    private bool _refreshing;
    private bool _waiting;

    /// <summary>As it is stored: another one is a reason to look again.</summary>
    [Parameter, EditorRequired]
    public VirtualGateway Gateway { get; set; } = null!;

    /// <summary>The person wants to see the settings of a member.</summary>
    [Parameter]
    public EventCallback<ServerId> OnOpenMember { get; set; }

    /// <summary>Told when another member is missing than before, and at first.</summary>
    [Parameter]
    public EventCallback<IReadOnlyList<MemberHealth>> OnHealth { get; set; }

    private bool IsClosed => _shown!.Gateway.FailureMode is FailureMode.Closed;

    private IReadOnlyList<MemberHealth> Health => [.. _shown!.Members.Select(m => m.Health)];

    private (Tone Tone, string Word) Sum => GatewayWords.Sum(Health);

    private string Lacking => GatewayWords.Lacking(Health);

    /// <summary>A member whose calls alone fail is still in the lists.</summary>
    private string Consequence => Health.All(m => m.State.Status is MemberStatus.Fresh)
        ? "What it offers is still shown."
        : IsClosed ? "Every list and call is refused until all are back."
        : Sum.Tone is Tone.Bad ? "Clients see the others, and are told what is missing." : "Clients see the lists that were read last.";

    protected override async Task OnParametersSetAsync()
    {
        if (ReferenceEquals(_looked, Gateway)) return;
        _looked = Gateway;
        await LookAsync();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender || !RendererInfo.IsInteractive) return;
        _error = await ReadAsync(actor =>
        {
            _watch = explainer.Watch(actor, OnChange);
            return Task.CompletedTask;
        }) ?? _error;
        await WaitForFirstAsync();
    }

    protected override void Dispose(bool disposing)
    {
        _watch?.Dispose();
        base.Dispose(disposing);
    }

    private void OnChange() => _ = InvokeAsync(async () =>
    {
        if (Left.IsCancellationRequested) return;
        await LookAsync();
        StateHasChanged();
    });

    /// <summary>At once: a page must not wait for a member that hangs.</summary>
    private async Task LookAsync()
    {
        _error = await ReadAsync(actor => ShowAsync(explainer.Peek(actor, Gateway.Id)));
        if (RendererInfo.IsInteractive) _ = WaitForFirstAsync();
    }

    /// <summary>Nobody tells that a member that was never read can't be read.</summary>
    private async Task WaitForFirstAsync()
    {
        if (_waiting || _shown?.Members.Any(m => m.Health.State.Reason is CatalogReasons.NotReadYet) is not true) return;
        _waiting = true;
        _error = await ReadAsync(async actor => await ShowAsync(await explainer.ShowAsync(actor, Gateway.Id, Left)));
        _waiting = false;
        if (!Left.IsCancellationRequested) StateHasChanged();
    }

    private async Task ShowAsync(GatewayExplanation shown)
    {
        _shown = shown;
        string health = Sum.Word + Lacking;
        if (health == _told) return;
        _told = health;
        await OnHealth.InvokeAsync(Health);
    }

    private async Task RefreshAsync()
    {
        if (_refreshing) return;
        _refreshing = true;
        if (await TryAsync(async actor => await ShowAsync(await explainer.RefreshAsync(actor, Gateway.Id, Left))))
            Toasts.Show(Lacking.Length == 0 ? Tone.Good : Tone.Warning, Lacking.Length == 0 ? "All members were asked: all there" : $"All members were asked: {Sum.Word}");
        _refreshing = false;
    }
}
