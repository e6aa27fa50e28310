using System.Net.Sockets;
using Mcpx.Core.Calls.Journal;
using Mcpx.Data;
using Mcpx.Web.Hosting;
using Microsoft.AspNetCore.Connections;

try
{
    if (args is ["migrate", .. var settings]) return await MigrateCommand.RunAsync(settings);
    if (args is ["audit", "verify", .. var chosen]) return await AuditCommand.RunAsync(chosen);
    if (args is ["database", var what, .. var options]) return await DatabaseCommand.RunAsync(what, options);
    if (args is ["keys", var verb, .. var rest]) return await KeysCommand.RunAsync(verb, rest);
    await using McpxInstance mcpx = await McpxInstance.CreateAsync(args);
    await mcpx.App.RunAsync();
    return Environment.ExitCode;
}
catch (Exception e) when (e is IOException { InnerException: AddressInUseException } or SocketException)
{
    await Console.Error.WriteLineAsync($"{e.Message.TrimEnd('.')}: choose another address with ASPNETCORE_URLS.");
    return 1;
}
catch (Exception e) when (e is ConfigurationException or DatabaseStartException or JournalException)
{
    // The mend is in the message; a stack trace would bury it.
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
