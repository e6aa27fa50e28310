namespace Mcpx.DemoServers.Hr;

/// <summary>The people of the same invented company, and their calendar. In memory, the same at every start.</summary>
internal sealed class Staff
{
    private static readonly TimeOnly Opens = new(8, 0);
    private static readonly TimeOnly Closes = new(18, 0);

    private readonly Lock _lock = new();
    private readonly List<Appointment> _calendar = [];
    private readonly Employee[] _employees =
    [
        new("E-1042", "Amara Okafor", "Head of Engineering", "Engineering", "amara.okafor@example.com", "Lisbon", null),
        new("E-1057", "Jonas Lindqvist", "Staff Engineer", "Engineering", "jonas.lindqvist@example.com", "Stockholm", "E-1042"),
        new("E-1063", "Mei Tanaka", "Site Reliability Engineer", "Engineering", "mei.tanaka@example.com", "Osaka", "E-1042"),
        new("E-1088", "Zoë Marchetti", "People Partner", "People", "zoe.marchetti@example.com", "Milan", null),
        new("E-1101", "Rafael Ortega", "Account Executive", "Sales", "rafael.ortega@example.com", "Madrid", "E-1120"),
        new("E-1120", "Hannah Fischer", "Head of Sales", "Sales", "hannah.fischer@example.com", "Berlin", null),
        new("E-1134", "Rafael Nowak", "Financial Controller", "Finance", "rafael.nowak@example.com", "Warsaw", null),
    ];

    public IReadOnlyList<Employee> Named(string name) =>
        [.. _employees.Where(employee => employee.Name.Contains(name.Trim(), StringComparison.OrdinalIgnoreCase))];

    public Employee Find(string id) =>
        _employees.FirstOrDefault(employee => string.Equals(employee.Id, id, StringComparison.OrdinalIgnoreCase))
        ?? throw new ToolRefusedException($"No employee '{id}'. Use lookup to find an id.");

    /// <exception cref="ToolRefusedException">Outside office hours, or the employee is taken.</exception>
    public Appointment Schedule(string employeeId, DateOnly date, TimeOnly start, int minutes, string topic)
    {
        var employee = Find(employeeId);
        if (minutes is < 5 or > 480)
            throw new ToolRefusedException($"An appointment lasts 5 to 480 minutes, not {minutes}.");
        if (date.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday)
            throw new ToolRefusedException($"{date:yyyy-MM-dd} is a {date.DayOfWeek}; the office is closed.");

        var end = start.AddMinutes(minutes, out var nextDay);
        if (start < Opens || end > Closes || nextDay > 0)
            throw new ToolRefusedException($"Appointments lie between {Opens:HH\\:mm} and {Closes:HH\\:mm}.");

        lock (_lock)
        {
            var taken = _calendar.Find(other => other.Employee == employee.Name && other.Date == date && other.Start < end && start < other.End);
            if (taken is not null)
                throw new ToolRefusedException($"{employee.Name} is taken from {taken.Start:HH\\:mm} to {taken.End:HH\\:mm}: {taken.Topic}.");

            var appointment = new Appointment($"APT-{_calendar.Count + 1:0000}", employee.Name, date, start, end, topic);
            _calendar.Add(appointment);
            return appointment;
        }
    }
}

// A null is left out of the answer, so the output schema must not require it: the default says so.
internal sealed record Employee(string Id, string Name, string Title, string Department, string Email, string Office, string? ManagerId = null);

internal sealed record Appointment(string Id, string Employee, DateOnly Date, TimeOnly Start, TimeOnly End, string Topic);

internal sealed record LookupResult(int Count, IReadOnlyList<Employee> Employees);
