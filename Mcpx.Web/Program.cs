using Mcpx.Web.Hosting;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddMcpxDashboard();
var app = builder.Build();
app.MapMcpxDashboard();
app.MapGet("/livez", () => "ok");
app.Run();
