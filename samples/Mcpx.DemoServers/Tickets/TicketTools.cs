using System.ComponentModel;
using Mcpx.SampleHosting;
using ModelContextProtocol.Server;

namespace Mcpx.DemoServers.Tickets;

/// <summary>The server that is protected by OAuth: it takes tokens of its authorization server, see <see cref="TokenDesk"/>.</summary>
internal sealed class TicketTools
{
    public const string Name = "tickets";

    private readonly TicketBoard _board = new();

    public static SampleServer Server(TokenDesk desk)
    {
        var tools = new TicketTools();
        return DemoServer.Create(
            Name,
            "Support tickets (demo)",
            "Tickets of customers (T-501 and so on), with their state.",
            new TokenGuard(desk),
            tools.Tickets,
            tools.Open);
    }

    [McpServerTool(Name = "tickets", Title = "Tickets", ReadOnly = true, Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Tickets, all or those in one state: open, waiting or solved.")]
    public TicketList Tickets([Description("State; all when left out")] string? state = null)
    {
        var found = _board.Tickets(state);
        return new TicketList(found.Count, found);
    }

    [McpServerTool(Name = "open_ticket", Title = "Open a ticket", ReadOnly = false, Destructive = false, Idempotent = false, OpenWorld = false, UseStructuredContent = true)]
    [Description("Opens a ticket for a customer.")]
    public Ticket Open([Description("The customer's company")] string company, [Description("What is wrong, in a sentence")] string subject) => _board.Open(company, subject);
}
