using Mcpx.Data;
using Mcpx.Web.Hosting;

try
{
    await using WebApplication app = McpxApp.Build(args);
    await app.RunAsync();
    return Environment.ExitCode;
}
catch (Exception e) when (e is ConfigurationException or DatabaseSetupException)
{
    // The mend is in the message; a stack trace would bury it.
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
