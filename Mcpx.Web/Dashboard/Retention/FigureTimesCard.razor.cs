using Mcpx.Core.Identity;
using Mcpx.Core.Metrics;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Retention;

/// <summary>How long the figures of the metrics page are kept, level by level.</summary>
public sealed partial class FigureTimesCard(MetricRetentionAdmin retention) : OrganizationPart
{
    private static readonly IReadOnlyDictionary<string, string> Properties = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["eventDays"] = nameof(FormModel.EventDays), ["minuteDays"] = nameof(FormModel.MinuteDays), ["hourDays"] = nameof(FormModel.HourDays), ["dayDays"] = nameof(FormModel.DayDays),
    };

    private readonly FormModel _model = new();
    private EditContext _form = null!;
    private RefusalMessages _messages = null!;
    private MetricRetention? _saved;
    private string? _asked;
    private string? _error;
    private bool _saving;

    private bool May => Viewer.May(Permission.ManageOrganization);

    private MetricRetention Wanted => new(DayText.Number(_model.EventDays), DayText.Number(_model.MinuteDays), DayText.Number(_model.HourDays), DayText.Number(_model.DayDays));

    private bool IsShorter => _saved is { } saved && Wanted is var wanted
        && (Less(wanted.EventDays, saved.EventDays) || Less(wanted.MinuteDays, saved.MinuteDays) || Less(wanted.HourDays, saved.HourDays) || Less(wanted.DayDays, saved.DayDays));

    protected override void OnInitialized()
    {
        _form = new EditContext(_model);
        _messages = new RefusalMessages(_form, Properties);
    }

    protected override async Task OnParametersSetAsync()
    {
        if (_asked == Organization) return;
        _asked = Organization;
        _error = await ReadAsync(async actor => Show(await retention.GetAsync(actor, Left)));
    }

    private void Show(MetricRetention saved)
    {
        _saved = saved;
        (_model.EventDays, _model.MinuteDays, _model.HourDays, _model.DayDays) = (DayText.Of(saved.EventDays), DayText.Of(saved.MinuteDays), DayText.Of(saved.HourDays), DayText.Of(saved.DayDays));
    }

    private async Task SaveAsync()
    {
        if (_saving) return;
        _saving = true;
        MetricRetention wanted = Wanted;
        bool done = await TryAsync(_messages, async actor => Show(await retention.SaveAsync(actor, wanted, Left)));
        _saving = false;
        if (done) Toasts.Show(Tone.Good, "The times of figures are saved");
    }

    private static bool Less(int wanted, int saved) => wanted > 0 && wanted < saved;

    private sealed class FormModel
    {
        public string? EventDays { get; set; }

        public string? MinuteDays { get; set; }

        public string? HourDays { get; set; }

        public string? DayDays { get; set; }
    }
}
