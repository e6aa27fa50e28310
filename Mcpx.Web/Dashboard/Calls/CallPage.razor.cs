using Mcpx.Core.Calls;
using Mcpx.Core.Identity;
using Mcpx.Core.Primitives;
using Mcpx.Core.Redaction;
using Microsoft.AspNetCore.Components;

namespace Mcpx.Web.Dashboard.Calls;

/// <summary>One call with everything that is known about it.</summary>
public sealed partial class CallPage(CallAdmin calls, NavigationManager navigation) : OrganizationPage
{
    private CallRecord? _call;
    private IReadOnlyList<CallRecord> _rounds = [];
    private string? _error;

    [Parameter]
    public string Id { get; set; } = "";

    private string Title => _call is null ? "Call" : _call.Tool ?? _call.Method ?? "Unreadable call";

    private string Missing(RecordPart part) =>
        _call is { Payloads: PayloadMode.MetadataOnly } ? "Metadata only: calls like this one are recorded without what they carried."
        : _call!.Redactions.Any(f => f.Part == part && f.Effect is RedactionEffect.Withheld) ? "Nothing of it is kept."
        : _call.User != Viewer.User && !Viewer.May(Permission.SeePayloads) ? "What other people's calls carried is for admins to see."
        : "Nothing was kept: the body was empty, or the call was refused before it was read.";

    protected override async Task OnParametersSetAsync()
    {
        if (_call?.Id.ToString() == Id) return;
        _call = null;
        bool unknown = !EntityId.TryParse(Id, out CallId id);
        if (!unknown)
        {
            _error = await ReadAsync(async actor =>
            {
                try
                {
                    CallRecord call = await calls.GetAsync(actor, id, Left);
                    _rounds = call.Era is ProtocolEra.Stateless ? await calls.ListRoundsAsync(actor, call, Left) : [];
                    _call = call;
                }
                catch (RefusalException.NotFound)
                {
                    unknown = true;
                }
            });
        }

        if (unknown) navigation.NotFound();
    }
}
