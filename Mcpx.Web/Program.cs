using System.Net.Sockets;
using Mcpx.Data;
using Mcpx.Web.Hosting;
using Microsoft.AspNetCore.Connections;

try
{
    await using McpxInstance mcpx = await McpxInstance.CreateAsync(args);
    await mcpx.App.RunAsync();
    return Environment.ExitCode;
}
catch (Exception e) when (e is IOException { InnerException: AddressInUseException } or SocketException)
{
    await Console.Error.WriteLineAsync($"{e.Message.TrimEnd('.')}: choose another address with ASPNETCORE_URLS.");
    return 1;
}
catch (Exception e) when (e is ConfigurationException or DatabaseStartException)
{
    // The mend is in the message; a stack trace would bury it.
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
