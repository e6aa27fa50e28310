using Mcpx.Core.Governance;
using Mcpx.Core.Governance.Pinning;
using Mcpx.Core.Servers;

namespace Mcpx.Core.Proxy;

/// <summary>
/// Holds calls and lists against the pinned definitions. A list is judged by what stands in it and not by what the gateway
/// read some time ago: a server may show another one to each session.
/// </summary>
public sealed class PinGuard(PinWatch watch, IPinSource pins)
{
    /// <summary>Null when the server's tool may be called, as far as its definition goes.</summary>
    /// <param name="tool">As the server calls it.</param>
    public Decision.Deny? Decide(ProxyContext context, string tool)
    {
        watch.Used(context.Route!);
        return context.Snapshot.Pins.Decide(context.Route!, tool);
    }

    /// <summary>True when a list of the server's needs no reading for this.</summary>
    public bool PassesAll(ProxyContext context)
    {
        watch.Used(context.Route!);
        return context.Snapshot.Pins.PassesAll(context.Route!);
    }

    /// <summary>
    /// May the list show this definition? One that is new is noted for approval. By the pins of the moment in which the
    /// answer passes: a stream may be open for hours.
    /// </summary>
    public bool Shows(ProxyContext context, string tool, ReadOnlySpan<byte> definition)
    {
        if (pins.Pins.Find(context.Route!.Organization.Id, context.Route.Server.Id) is not { PassesAll: false } server) return true;
        DefinitionHash spelling = DefinitionHash.OfBytes(definition);
        if (server.IsKnownToPass(spelling)) return true;
        byte[] json = definition.ToArray();
        DefinitionHash? hash = DefinitionHash.Of(json);
        if (hash is { } known) watch.Note(context.Route, new SeenDefinition(tool, known, json));
        bool shows = server.Shows(tool, hash);
        if (shows) server.RememberPassing(tool, spelling, hash!.Value);
        return shows;
    }
}
