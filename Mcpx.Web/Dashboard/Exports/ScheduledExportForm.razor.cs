using Mcpx.Core.Calls.Export;
using Mcpx.Core.Primitives;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Exports;

/// <summary>Makes a scheduled export.</summary>
public sealed partial class ScheduledExportForm(ScheduledExportAdmin exports) : OrganizationPart
{
    private const string Store = "store";
    private const string Folder = "folder";

    private static readonly SelectOption<ExportPeriod>[] Periods = [new(ExportPeriod.Day, "Day, from midnight UTC"), new(ExportPeriod.Hour, "Hour")];
    private static readonly SelectOption<string>[] Places = [new(Store, "An S3-compatible store"), new(Folder, "The operator's directory")];

    private static readonly IReadOnlyDictionary<string, string> Properties = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["name"] = nameof(FormModel.Name), ["endpoint"] = nameof(FormModel.Endpoint), ["region"] = nameof(FormModel.Region), ["bucket"] = nameof(FormModel.Bucket), ["prefix"] = nameof(FormModel.Prefix),
        ["accessKeyId"] = nameof(FormModel.AccessKeyId), ["secret"] = nameof(FormModel.Secret), ["query"] = nameof(FormModel.Query),
    };

    private readonly FormModel _model = new();
    private EditContext _form = null!;
    private RefusalMessages _messages = null!;
    private string? _rest;
    private bool _saving;

    /// <summary>The operator has set a directory.</summary>
    [Parameter]
    public bool HasFolder { get; set; }

    [Parameter]
    public EventCallback OnSaved { get; set; }

    [Parameter]
    public EventCallback OnCancel { get; set; }

    private bool IsStore => !HasFolder || _model.Where == Store;

    protected override void OnInitialized()
    {
        _form = new EditContext(_model);
        _messages = new RefusalMessages(_form, Properties);
    }

    private async Task SaveAsync()
    {
        if (_saving) return;
        _saving = true;
        NewScheduledExport input = IsStore
            ? new(_model.Name?.Trim(), _model.Period, _model.Payloads, _model.Endpoint ?? "", _model.Region, _model.Bucket?.Trim(), _model.Prefix, _model.AccessKeyId?.Trim(), new Secret(_model.Secret ?? ""), _model.Query)
            : new(_model.Name?.Trim(), _model.Period, _model.Payloads, Query: _model.Query);
        bool done = await TryAsync(_messages, actor => exports.CreateAsync(actor, input, Left));
        _saving = false;
        _rest = _messages.Rest;
        if (done) await OnSaved.InvokeAsync();
    }

    private sealed class FormModel
    {
        public string? Name { get; set; }

        public ExportPeriod Period { get; set; } = ExportPeriod.Day;

        public string? Query { get; set; }

        public bool Payloads { get; set; }

        public string Where { get; set; } = Store;

        public string? Endpoint { get; set; }

        public string? Region { get; set; }

        public string? Bucket { get; set; }

        public string? Prefix { get; set; }

        public string? AccessKeyId { get; set; }

        public string? Secret { get; set; }
    }
}
