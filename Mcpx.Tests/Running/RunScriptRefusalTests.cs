using System.Net;
using System.Net.Sockets;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Running;

/// <summary>What <c>./run</c> refuses, in one line that names the mend, before it has changed anything.</summary>
public sealed class RunScriptRefusalTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_taken_port()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        var result = await RunningScript.RunAsync(_folder, port);

        Refused(result).ShouldStartWith($"Port {port} is taken: ");
    }

    [Fact]
    public async Task A_data_directory_that_can_not_be_written()
    {
        // Below a file nobody can make a directory, not even root.
        await File.WriteAllTextAsync(_folder.Data, "", TestContext.Current.CancellationToken);
        var data = Path.Combine(_folder.Data, "below");

        var result = await ProgramRun.RunAsync("bash", [Repository.PathOf("run"), "--port", $"{Ports.Free()}"],
            new Dictionary<string, string> { ["MCPX_DATA"] = data }, TestContext.Current.CancellationToken);

        Refused(result).ShouldBe($"The data directory {data} can't be written: make it writable for this user, or set MCPX_DATA to another directory.");
    }

    [Fact]
    public async Task A_machine_without_the_sdk()
    {
        var bin = Directory.CreateDirectory(Path.Combine(_folder.Root, "bin"));
        await File.WriteAllTextAsync(Path.Combine(bin.FullName, "dotnet"), "#!/bin/sh\nexit 1\n", TestContext.Current.CancellationToken);
        (await ProgramRun.RunAsync("chmod", ["+x", Path.Combine(bin.FullName, "dotnet")], null, TestContext.Current.CancellationToken)).ExitCode.ShouldBe(0);

        var result = await RunningScript.RunAsync(_folder, Ports.Free(),
            new Dictionary<string, string> { ["PATH"] = $"{bin.FullName}:{System.Environment.GetEnvironmentVariable("PATH")}" });

        Refused(result).ShouldStartWith("The .NET SDK 10 is missing: install it ");
    }

    [Theory]
    [InlineData("--prot")]
    [InlineData("--port", "many")]
    [InlineData("--port", "65536")]
    public async Task A_wrong_argument(params string[] arguments)
    {
        var result = await RunningScript.RunAsync(_folder, 1, arguments: arguments);

        result.ExitCode.ShouldBe(2);
        result.Error.ShouldEndWith(" See ./run --help.\n");
    }

    [Fact]
    public async Task Reset_without_anybody_to_ask()
    {
        FillData();

        var result = await RunningScript.RunAsync(_folder, Ports.Free(), arguments: "--reset");

        Refused(result).ShouldContain("add --yes");
        Names().ShouldBe(["encryption.key", "mine.txt", "postgres"]);
    }

    [Fact]
    public async Task Reset_while_another_gateway_runs_on_the_same_data()
    {
        FillData();
        await using var held = new FileStream(Path.Combine(_folder.Data, "postgres", "lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);

        var result = await RunningScript.RunAsync(_folder, Ports.Free(), arguments: ["--reset", "--yes"]);

        Refused(result).ShouldContain("Another mcpx is running");
        Names().ShouldBe(["encryption.key", "mine.txt", "postgres"]);
    }

    [Fact]
    public async Task Reset_of_a_database_that_is_not_ours()
    {
        FillData();

        var result = await RunningScript.RunAsync(_folder, Ports.Free(),
            new Dictionary<string, string> { ["ConnectionStrings__Mcpx"] = "Host=db" }, "--reset", "--yes");

        Refused(result).ShouldContain("ConnectionStrings__Mcpx is yours");
        Names().ShouldBe(["encryption.key", "mine.txt", "postgres"]);
    }

    [Fact]
    public async Task Reset_deletes_what_mcpx_made_and_nothing_else()
    {
        FillData();

        // Ends after the reset: there is nothing to start.
        await RunningScript.RunAsync(_folder, Ports.Free(), arguments: ["--reset", "--yes", "--built", "/nowhere"]);

        Names().ShouldBe(["mine.txt"]);
    }

    [Theory]
    [InlineData("n", new[] { "encryption.key", "mine.txt", "postgres" })]
    [InlineData("", new[] { "encryption.key", "mine.txt", "postgres" })]
    [InlineData("y", new[] { "mine.txt" })]
    public async Task Reset_asks_on_a_terminal(string answer, string[] left)
    {
        FillData();
        // `script` gives the command a terminal.
        using var process = ProgramRun.Start("script", ["-qec", $"bash {Repository.PathOf("run")} --reset --built /nowhere --port {Ports.Free()}", "/dev/null"],
            new Dictionary<string, string> { ["MCPX_DATA"] = _folder.Data });
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.StandardInput.WriteLineAsync(answer);
        await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        (await output).ShouldContain("[y/N]");
        Names().ShouldBe(left);
    }

    private static string Refused(ProgramResult result)
    {
        result.ExitCode.ShouldBe(1, result.Output + result.Error);
        var line = result.Error.TrimEnd('\n');
        line.ShouldNotContain("\n");
        result.Output.ShouldBe("");
        return line;
    }

    private void FillData()
    {
        Directory.CreateDirectory(Path.Combine(_folder.Data, "postgres"));
        File.WriteAllText(Path.Combine(_folder.Data, "postgres", "lock"), "");
        File.WriteAllText(Path.Combine(_folder.Data, "encryption.key"), "key");
        File.WriteAllText(Path.Combine(_folder.Data, "mine.txt"), "not of mcpx");
    }

    private string?[] Names() => [.. Directory.EnumerateFileSystemEntries(_folder.Data).Select(Path.GetFileName).Order(StringComparer.Ordinal)];
}
