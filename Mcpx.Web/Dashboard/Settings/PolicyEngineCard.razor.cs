using System.Globalization;
using System.Text.Json;
using Mcpx.Core.Governance.PolicyEngines;
using Mcpx.Core.Primitives;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Settings;

/// <summary>The organisation's own decision point: where it is, how long it may take, and what it says to a sample.</summary>
public sealed partial class PolicyEngineCard(PolicyEngineAdmin engines) : OrganizationPart
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static readonly IReadOnlyDictionary<string, string> Properties = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["url"] = nameof(FormModel.Url),
        ["timeoutMilliseconds"] = nameof(FormModel.Timeout),
        ["cacheSeconds"] = nameof(FormModel.Cache),
        ["token"] = nameof(FormModel.Token),
    };

    private readonly FormModel _model = new();
    private EditContext _form = null!;
    private RefusalMessages _messages = null!;
    private PolicyEngine? _engine;
    private PolicyTrial? _trial;
    private string? _error;
    private bool _loaded;
    private bool _saving;
    private bool _trying;

    protected override async Task OnInitializedAsync()
    {
        _form = new EditContext(_model);
        _messages = new RefusalMessages(_form, Properties);
        await LoadAsync();
    }

    private async Task LoadAsync()
    {
        _error = await ReadAsync(async actor => Show(await engines.FindAsync(actor, Left)));
        _loaded = _error is null;
    }

    private void Show(PolicyEngine? engine)
    {
        _engine = engine;
        _model.Url = engine?.Url.OriginalString;
        _model.Timeout = (engine?.TimeoutMilliseconds ?? PolicyEngine.DefaultTimeoutMilliseconds).ToString(CultureInfo.InvariantCulture);
        _model.Cache = (engine?.CacheSeconds ?? PolicyEngine.DefaultCacheSeconds).ToString(CultureInfo.InvariantCulture);
        (_model.Enabled, _model.FailOpen) = (engine?.Enabled ?? true, engine?.FailOpen ?? false);
        (_model.IncludeArguments, _model.CacheArguments) = (engine?.IncludeArguments ?? false, engine?.CacheArguments ?? false);
        (_model.Token, _model.RemoveToken) = (null, false);
    }

    private async Task SaveAsync()
    {
        if (_saving) return;
        (_saving, _trial) = (true, null);
        bool done = await TryAsync(_messages, async actor => Show(await engines.ReplaceAsync(actor, _model.ToInput(), Left)));
        _saving = false;
        if (done) Toasts.Show(Tone.Good, _engine!.Enabled ? "Saved: the engine is asked from the next call on" : "Saved: the engine is off");
    }

    private async Task TryEngineAsync()
    {
        if (_trying) return;
        _trying = true;
        await TryAsync(async actor => _trial = await engines.TryAsync(actor, server: null, tool: null, Left));
        _trying = false;
    }

    private async Task RemoveAsync()
    {
        if (_saving) return;
        (_saving, _trial) = (true, null);
        bool done = await TryAsync(actor => engines.DeleteAsync(actor, Left));
        _saving = false;
        if (!done) return;
        Show(null);
        Toasts.Show(Tone.Good, "The policy engine is removed: nobody else is asked about calls");
    }

    private static string Pretty(string json)
    {
        using var document = JsonDocument.Parse(json);
        return JsonSerializer.Serialize(document.RootElement, Indented);
    }

    private sealed class FormModel
    {
        public string? Url { get; set; }

        public string? Timeout { get; set; }

        public string? Cache { get; set; }

        public string? Token { get; set; }

        public bool RemoveToken { get; set; }

        public bool Enabled { get; set; } = true;

        public bool FailOpen { get; set; }

        public bool IncludeArguments { get; set; }

        public bool CacheArguments { get; set; }

        /// <summary>What is no number becomes one that Core refuses, with its own words.</summary>
        public PolicyEngineInput ToInput() => new(Url, Enabled, NumberIn(Timeout), NumberIn(Cache), FailOpen, IncludeArguments, IncludeArguments && CacheArguments,
            RemoveToken ? new Secret("") : string.IsNullOrEmpty(Token) ? null : new Secret(Token));

        private static int NumberIn(string? text) => int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : -1;
    }
}
