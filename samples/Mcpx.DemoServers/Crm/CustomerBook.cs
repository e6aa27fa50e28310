namespace Mcpx.DemoServers.Crm;

/// <summary>Customers, deals and the people who look after them. Never changes.</summary>
internal sealed class CustomerBook
{
    public static readonly string[] Stages = ["lead", "qualified", "proposal", "won", "lost"];

    private readonly CrmUser[] _users =
    [
        new("U-7", "Rafael Ortega", "rafael.ortega@example.com", "seller", "Iberia"),
        new("U-12", "Hannah Fischer", "hannah.fischer@example.com", "manager", "Europe"),
        new("U-19", "Grace Whitfield", "grace.whitfield@example.com", "seller", "North America"),
    ];

    private readonly Contact[] _contacts =
    [
        new("C-201", "Ines Duarte", "Porto Ceramics", "ines.duarte@porto-ceramics.example", "+351 22 555 0134", "U-7"),
        new("C-202", "Miguel Santos", "Porto Ceramics", "miguel.santos@porto-ceramics.example", "+351 22 555 0135", "U-7"),
        new("C-203", "Klára Nováková", "Vltava Logistics", "klara.novakova@vltava-logistics.example", "+420 255 550 110", "U-12"),
        new("C-204", "Owen Bradley", "Lakeshore Health", "owen.bradley@lakeshore-health.example", "+1 312 555 0172", "U-19"),
        new("C-205", "Priya Raman", "Northwind Analytics", "priya.raman@northwind-analytics.example", "+1 206 555 0119", "U-19"),
    ];

    private readonly Deal[] _deals =
    [
        new("D-3001", "Kiln monitoring rollout", "Porto Ceramics", "proposal", 84_000m, "EUR", "U-7"),
        new("D-3002", "Fleet tracking, phase 2", "Vltava Logistics", "qualified", 132_500m, "EUR", "U-12"),
        new("D-3003", "Patient portal licences", "Lakeshore Health", "won", 245_000m, "USD", "U-19"),
        new("D-3004", "Data platform pilot", "Northwind Analytics", "lead", 30_000m, "USD", "U-19"),
        new("D-3005", "Warehouse sensors", "Vltava Logistics", "lost", 57_800m, "EUR", "U-12"),
        new("D-3006", "Glaze quality vision", "Porto Ceramics", "lead", 41_250m, "EUR", "U-7"),
    ];

    public IReadOnlyList<Contact> Contacts(string? query) =>
    [
        .. _contacts.Where(contact => string.IsNullOrWhiteSpace(query)
            || contact.Name.Contains(query, StringComparison.OrdinalIgnoreCase)
            || contact.Company.Contains(query, StringComparison.OrdinalIgnoreCase)),
    ];

    public IReadOnlyList<Deal> Deals(string? stage)
    {
        if (string.IsNullOrWhiteSpace(stage))
            return _deals;
        if (!Stages.Contains(stage, StringComparer.OrdinalIgnoreCase))
            throw new ToolRefusedException($"No stage '{stage}'. Stages: {string.Join(", ", Stages)}.");
        return [.. _deals.Where(deal => string.Equals(deal.Stage, stage, StringComparison.OrdinalIgnoreCase))];
    }

    public CrmUser User(string id) =>
        _users.FirstOrDefault(user => string.Equals(user.Id, id, StringComparison.OrdinalIgnoreCase))
        ?? throw new ToolRefusedException($"No user '{id}'. Known: {string.Join(", ", _users.Select(user => user.Id))}.");
}

internal sealed record CrmUser(string Id, string Name, string Email, string Role, string Region);

internal sealed record Contact(string Id, string Name, string Company, string Email, string Phone, string OwnerId);

internal sealed record Deal(string Id, string Title, string Company, string Stage, decimal Value, string Currency, string OwnerId);

internal sealed record ContactList(int Count, IReadOnlyList<Contact> Contacts);

internal sealed record DealList(int Count, IReadOnlyList<Deal> Deals);
