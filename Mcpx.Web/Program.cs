using Mcpx.Data;
using Mcpx.Web.Hosting;

try
{
    await using McpxInstance mcpx = await McpxInstance.CreateAsync(args);
    await mcpx.App.RunAsync();
    return Environment.ExitCode;
}
catch (Exception e) when (e is ConfigurationException or DatabaseStartException)
{
    // The mend is in the message; a stack trace would bury it.
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
