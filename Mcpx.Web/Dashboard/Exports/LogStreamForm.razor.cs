using System.Globalization;
using Mcpx.Core.Calls.Streaming;
using Mcpx.Core.Primitives;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Mcpx.Web.Dashboard.Exports;

/// <summary>Makes a log stream.</summary>
public sealed partial class LogStreamForm(LogStreamAdmin streams) : OrganizationPart
{
    private const string Webhook = "webhook";
    private const string Syslog = "syslog";

    private static readonly SelectOption<string>[] Places = [new(Webhook, "A webhook"), new(Syslog, "A syslog server")];
    private static readonly SelectOption<WebhookAuthentication>[] Ways =
        [new(WebhookAuthentication.Signature, "A signature, with a key that is made now"), new(WebhookAuthentication.Authorization, "An Authorization header that it gave out")];

    private static readonly IReadOnlyDictionary<string, string> Properties = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["name"] = nameof(FormModel.Name), ["url"] = nameof(FormModel.Url), ["authorization"] = nameof(FormModel.Authorization), ["host"] = nameof(FormModel.Host), ["port"] = nameof(FormModel.Port),
        ["query"] = nameof(FormModel.Query),
    };

    private readonly FormModel _model = new();
    private EditContext _form = null!;
    private RefusalMessages _messages = null!;
    private string? _rest;
    private bool _saving;

    [Parameter]
    public EventCallback<IssuedLogStream> OnSaved { get; set; }

    [Parameter]
    public EventCallback OnCancel { get; set; }

    protected override void OnInitialized()
    {
        _form = new EditContext(_model);
        _messages = new RefusalMessages(_form, Properties);
    }

    private async Task SaveAsync()
    {
        if (_saving) return;
        _saving = true;
        IssuedLogStream? issued = null;
        bool done = await TryAsync(_messages, async actor => issued = await streams.CreateAsync(actor, Input(), Left));
        _saving = false;
        _rest = _messages.Rest;
        if (done) await OnSaved.InvokeAsync(issued!);
    }

    private NewLogStream Input()
    {
        NewLogStream input = new(_model.Name?.Trim(), Query: _model.Query, Payloads: _model.Payloads, Entries: _model.Entries);
        if (_model.To == Webhook) return input with { Url = _model.Url ?? "", Authorization = _model.By is WebhookAuthentication.Authorization ? new Secret(_model.Authorization ?? "") : null };
        // What is no number is out of bounds too.
        return input with { Host = _model.Host ?? "", Port = int.TryParse(_model.Port, NumberStyles.None, CultureInfo.InvariantCulture, out int port) ? port : 0, Tls = _model.Tls };
    }

    private sealed class FormModel
    {
        public string? Name { get; set; }

        public string To { get; set; } = Webhook;

        public string? Url { get; set; }

        public WebhookAuthentication By { get; set; }

        public string? Authorization { get; set; }

        public string? Host { get; set; }

        public string? Port { get; set; } = LogStreamAdmin.UsualPort.ToString(CultureInfo.InvariantCulture);

        public bool Tls { get; set; } = true;

        public string? Query { get; set; }

        public bool Payloads { get; set; }

        public bool Entries { get; set; }
    }
}
