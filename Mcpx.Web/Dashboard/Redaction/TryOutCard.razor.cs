using Mcpx.Core.Primitives;
using Mcpx.Core.Redaction;
using Mcpx.Core.Servers;
using Mcpx.Web.Dashboard.Controls;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Redaction;

/// <summary>Shows what rules that are not saved make of a sample.</summary>
public sealed partial class TryOutCard(RedactionAdmin redaction) : OrganizationPart
{
    private const string Example = """
        {
          "method": "tools/call",
          "params": {
            "name": "create_account",
            "arguments": {
              "email": "ann@example.com",
              "password": "correct horse battery staple",
              "card": "4111 1111 1111 1111",
              "note": "retry with https://api.example.com/?api_key=k-123"
            }
          }
        }
        """;

    private string? _sample = Example;
    private string _as = "";
    private RedactionTrial? _trial;
    private string? _tried;
    private string? _problem;
    private bool _running;

    /// <summary>The server whose rules are edited; null while the organisation's are.</summary>
    [Parameter]
    public ServerSummary? Server { get; set; }

    [Parameter, EditorRequired]
    public IReadOnlyList<ServerSummary> Servers { get; set; } = [];

    /// <summary>What is edited.</summary>
    [Parameter, EditorRequired]
    public Func<(IReadOnlyList<RedactionRule> Rules, PayloadMode Payloads)> Draft { get; set; } = null!;

    /// <summary>Rules that are wrong are shown where they are edited.</summary>
    [Parameter]
    public EventCallback<RefusalException.Invalid> OnRefused { get; set; }

    private IReadOnlyList<SelectOption<string>> Choices => [new("", "a server without rules of its own"), .. Servers.Select(s => new SelectOption<string>(s.Id.ToString(), s.Name))];

    private string Fingerprint => $"{_sample}\u0001{_as}\u0001{Draft().Payloads}\u0001{string.Join('\u0001', Draft().Rules)}";

    private async Task RunAsync()
    {
        if (_running) return;
        _running = true;
        (_problem, _trial, _tried) = (null, null, Fingerprint);
        (IReadOnlyList<RedactionRule> rules, PayloadMode payloads) = Draft();
        RedactionSample sample = Server is { } server
            ? new RedactionSample(_sample ?? "", server.Id, Rules: null, payloads, rules)
            : new RedactionSample(_sample ?? "", EntityId.TryParse(_as, out ServerId id) ? id : null, rules);
        RefusalException.Invalid? refused = null;
        string? problem = await ReadAsync(async actor =>
        {
            try
            {
                _trial = await redaction.TryAsync(actor, sample, Left);
            }
            catch (RefusalException.Invalid e)
            {
                refused = e;
            }
        });
        _running = false;
        _problem = refused?.Errors.FirstOrDefault(e => e.Field == "sample")?.Message ?? (refused is null ? problem : "A rule above is wrong.");
        if (refused is not null) await OnRefused.InvokeAsync(refused);
    }
}
