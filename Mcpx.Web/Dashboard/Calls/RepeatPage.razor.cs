using Mcpx.Core.Calls;
using Mcpx.Core.Primitives;
using Mcpx.Core.Proxy.Repeat;
using Mcpx.Core.Redaction;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Calls;

/// <summary>Runs one recorded call again, and shows both answers side by side.</summary>
public sealed partial class RepeatPage(CallAdmin calls, CallRepeater repeater, NavigationManager navigation) : OrganizationPage
{
    private const int FewestLines = 6;
    private const int MostLines = 24;

    private CallRecord? _call;
    private RepeatDraft? _draft;
    private string? _arguments;
    private string? _problem;
    private string? _error;
    private RepeatedCall? _answer;
    private CallRecord? _again;
    private bool _running;

    [Parameter]
    public string Id { get; set; } = "";

    private string Title => _draft is null ? "Run again" : $"Run {_draft.Target} again";

    private string TargetWord => CallWording.TargetOf(_draft!.Method);

    private int Lines => Math.Clamp((_draft?.Arguments ?? "").Count(c => c == '\n') + 2, FewestLines, MostLines);

    private bool ThenIsCut => CallWording.IsCut(_call!, RecordPart.Response, _call!.Response, _call.ResponseBytes);

    private bool NowIsCut => _answer!.Answer.Length < _answer.Length;

    private bool? Alike => ThenIsCut || NowIsCut ? null : AnswerComparison.AreAlike(_call!.Response?.ToArray(), _answer!.Answer);

    private string Comparison => Alike switch
    {
        true => "Both answers say the same.",
        false when !CallWording.IsAsItWas(_call!, RecordPart.Response) => "The answers differ, at least where the first one is masked.",
        false => "The answers differ.",
        null => "The answers can't be compared: one of them is not there as a whole.",
    };

    protected override async Task OnParametersSetAsync()
    {
        if (_call?.Id.ToString() == Id) return;
        (_call, _draft, _answer, _again) = (null, null, null, null);
        bool unknown = !EntityId.TryParse(Id, out CallId id);
        if (!unknown)
        {
            _error = await ReadAsync(async actor =>
            {
                try
                {
                    _call = await calls.GetAsync(actor, id, Left);
                    _draft = await repeater.DraftAsync(actor, id, Left);
                    _arguments = _draft.Arguments ?? (_draft.TakesArguments ? "{\n}" : null);
                }
                catch (RefusalException.NotFound)
                {
                    unknown = true;
                }
            });
        }

        if (unknown) navigation.NotFound();
    }

    private void Reset() => (_arguments, _problem) = (_draft!.Arguments, null);

    private async Task RunAsync()
    {
        if (_running || _call is null || _draft is null) return;
        _running = true;
        _problem = null;
        // As they are on record, the call is sent as it was; what somebody typed is theirs to answer for.
        string? edited = !_draft.TakesArguments || _draft.Doubt is null && _arguments == _draft.Arguments ? null : _arguments ?? "";
        try
        {
            await TryAsync(async actor =>
            {
                try
                {
                    RepeatedCall answer = await repeater.RunAsync(actor, _call.Id, edited, Left);
                    (_again, _answer) = (await calls.GetAsync(actor, answer.Call, Left), answer);
                }
                catch (RefusalException.Invalid e)
                {
                    _problem = e.Message;
                }
            });
        }
        catch (OperationCanceledException) when (Left.IsCancellationRequested)
        {
            // The page was left: the call is on record as one that its client went away from.
        }
        finally
        {
            _running = false;
        }
    }
}
