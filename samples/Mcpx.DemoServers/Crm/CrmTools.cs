using System.ComponentModel;
using Mcpx.SampleHosting;
using ModelContextProtocol.Server;

namespace Mcpx.DemoServers.Crm;

/// <summary>The open server: nobody is asked for anything.</summary>
internal sealed class CrmTools
{
    private readonly CustomerBook _book = new();

    public static SampleServer Server()
    {
        var tools = new CrmTools();
        return DemoServer.Create(
            "crm",
            "Customers (demo)",
            "Contacts, deals and the CRM's own users (U-7 and so on).",
            new Guard.Open(),
            tools.Contacts,
            tools.Deals,
            tools.GetUser);
    }

    [McpServerTool(Name = "contacts", Title = "Contacts", ReadOnly = true, Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Contacts at customers, all or those whose name or company contains the text.")]
    public ContactList Contacts([Description("Part of a name or company; all when left out")] string? query = null)
    {
        var found = _book.Contacts(query);
        return new ContactList(found.Count, found);
    }

    [McpServerTool(Name = "deals", Title = "Deals", ReadOnly = true, Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Deals, all or those in one stage: lead, qualified, proposal, won or lost.")]
    public DealList Deals([Description("Stage; all when left out")] string? stage = null)
    {
        var found = _book.Deals(stage);
        return new DealList(found.Count, found);
    }

    [McpServerTool(Name = "get_user", Title = "CRM user by id", ReadOnly = true, Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("One user of the CRM: a seller or a manager, not an employee record.")]
    public CrmUser GetUser([Description("User id, e.g. U-7")] string id) => _book.User(id);
}
