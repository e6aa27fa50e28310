namespace Mcpx.DemoServers.Tickets;

/// <summary>Tickets in memory; new ones are forgotten with the process.</summary>
internal sealed class TicketBoard
{
    private const int Most = 200;

    private static readonly string[] States = ["open", "waiting", "solved"];

    private readonly Lock _gate = new();
    private readonly List<Ticket> _tickets =
    [
        new("T-501", "Porto Ceramics", "Kiln sensor shows no data since Monday", "open"),
        new("T-502", "Vltava Logistics", "Two trucks are missing from the map", "waiting"),
        new("T-503", "Lakeshore Health", "Export of appointments takes minutes", "solved"),
        new("T-504", "Northwind Analytics", "The invoice has the wrong address", "open"),
    ];

    public IReadOnlyList<Ticket> Tickets(string? state)
    {
        if (!string.IsNullOrWhiteSpace(state) && !States.Contains(state, StringComparer.OrdinalIgnoreCase))
            throw new ToolRefusedException($"No state '{state}'. States: {string.Join(", ", States)}.");
        lock (_gate)
            return [.. _tickets.Where(ticket => string.IsNullOrWhiteSpace(state) || string.Equals(ticket.State, state, StringComparison.OrdinalIgnoreCase))];
    }

    public Ticket Open(string company, string subject)
    {
        if (string.IsNullOrWhiteSpace(company) || string.IsNullOrWhiteSpace(subject))
            throw new ToolRefusedException("A company and a subject are needed.");
        lock (_gate)
        {
            if (_tickets.Count >= Most) throw new ToolRefusedException("The board is full.");
            var ticket = new Ticket($"T-{501 + _tickets.Count}", company, subject, "open");
            _tickets.Add(ticket);
            return ticket;
        }
    }
}

internal sealed record Ticket(string Id, string Company, string Subject, string State);

internal sealed record TicketList(int Count, IReadOnlyList<Ticket> Tickets);
