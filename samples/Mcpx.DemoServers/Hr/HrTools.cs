using System.ComponentModel;
using System.Globalization;
using Mcpx.SampleHosting;
using ModelContextProtocol.Server;

namespace Mcpx.DemoServers.Hr;

/// <summary>The server that wants a bearer token. Its <c>get_user</c> has a namesake in the CRM: prefixes exist for a reason.</summary>
internal sealed class HrTools
{
    private readonly Staff _staff = new();

    public static SampleServer Server(DemoOptions options)
    {
        var tools = new HrTools();
        return DemoServer.Create(
            "hr",
            "Human resources (demo)",
            "Employees (E-1042 and so on) and their appointments.",
            new Guard.Bearer("hr", options.HrToken),
            tools.Lookup,
            tools.Schedule,
            tools.GetUser);
    }

    [McpServerTool(Name = "lookup", Title = "Find employees", ReadOnly = true, Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Employees whose name contains the text.")]
    public LookupResult Lookup([Description("Whole name or a part of it")] string name)
    {
        if (string.IsNullOrWhiteSpace(name))
            throw new ToolRefusedException("A name, or a part of one, is needed.");

        var found = _staff.Named(name);
        return new LookupResult(found.Count, found);
    }

    // Date and time come as text: a value that is none then gets an answer that says what is expected.
    [McpServerTool(Name = "schedule", Title = "Schedule an appointment", ReadOnly = false, Destructive = false, Idempotent = false, OpenWorld = false, UseStructuredContent = true)]
    [Description("Puts an appointment into an employee's calendar, on working days between 08:00 and 18:00.")]
    public Appointment Schedule(
        [Description("Employee id, e.g. E-1042")] string employee,
        [Description("Day as yyyy-MM-dd")] string date,
        [Description("Start as HH:mm")] string start = "10:00",
        [Description("Length in minutes")] int minutes = 30,
        [Description("What it is about")] string topic = "Conversation")
    {
        if (!DateOnly.TryParseExact(date, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            throw new ToolRefusedException($"'{date}' is no date of the form yyyy-MM-dd.");
        if (!TimeOnly.TryParseExact(start, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var from))
            throw new ToolRefusedException($"'{start}' is no time of the form HH:mm.");

        return _staff.Schedule(employee, day, from, minutes, topic);
    }

    [McpServerTool(Name = "get_user", Title = "Employee by id", ReadOnly = true, Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("One employee of the company.")]
    public Employee GetUser([Description("Employee id, e.g. E-1042")] string id) => _staff.Find(id);
}
