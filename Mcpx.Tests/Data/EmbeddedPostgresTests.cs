// CA1416: file modes; the embedded profile is for Linux.
#pragma warning disable CA1416
using System.Diagnostics;
using System.Globalization;
using Mcpx.Data.Embedded;
using Mcpx.Tests.Fixtures;
using Npgsql;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Data;

public sealed class EmbeddedPostgresTests : IDisposable
{
    private const string VictimFolder = "MCPX_TEST_VICTIM_FOLDER";

    private readonly string _parent = Directory.CreateTempSubdirectory("mcpx-pg-").FullName;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string Folder => Path.Combine(_parent, "postgres");

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    [Fact]
    public async Task A_fresh_start_serves_an_unprivileged_role_from_an_unprivileged_process()
    {
        await using var postgres = await StartAsync();

        (await QueryAsync(postgres, "select rolname || ' ' || (rolsuper or rolcreatedb or rolbypassrls) from pg_roles where rolname = current_user")).ShouldBe("mcpx false");
        (await QueryAsync(postgres, "show data_checksums")).ShouldBe("on");
        (await QueryAsync(postgres, "show listen_addresses")).ShouldBe("");
        StatusOf(postgres.ProcessId, "Uid:").ShouldAllBe(id => id != "0");
        if (Environment.IsPrivilegedProcess) StatusOf(postgres.ProcessId, "NoNewPrivs:").ShouldBe(["1"]);
        File.GetUnixFileMode(Path.Combine(Folder, "password")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task A_second_start_keeps_the_data_and_the_first_one_leaves_no_process()
    {
        int first;
        await using (var postgres = await StartAsync())
        {
            first = postgres.ProcessId;
            await QueryAsync(postgres, "create table kept as select 42 as answer");
        }

        IsRunning(first).ShouldBeFalse();
        await using var again = await StartAsync();
        (await QueryAsync(again, "select answer from kept")).ShouldBe(42);
    }

    [Fact]
    public async Task A_start_after_the_server_was_killed_recovers_what_was_committed()
    {
        await using (var postgres = await StartAsync())
        {
            await QueryAsync(postgres, "create table kept as select 42 as answer");
            Kill(postgres.ProcessId);
            await postgres.Ended.WaitAsync(Cancelled);
        }

        File.Exists(Path.Combine(Folder, "server/cluster/postmaster.pid")).ShouldBeFalse();
        await using var again = await StartAsync();
        (await QueryAsync(again, "select answer from kept")).ShouldBe(42);
    }

    [Fact]
    public async Task A_server_whose_guard_was_killed_is_stopped_all_the_same()
    {
        var postgres = await StartAsync(new EmbeddedPostgresOptions { DataDirectory = Folder, StopTimeout = TimeSpan.FromMilliseconds(1) });
        var server = postgres.ProcessId;
        Kill(int.Parse(StatusOf(server, "PPid:")[0], CultureInfo.InvariantCulture));

        await postgres.DisposeAsync();

        IsRunning(server).ShouldBeFalse();
    }

    [Fact]
    public async Task A_cluster_whose_creation_was_cut_off_is_made_anew()
    {
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var first = EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions { DataDirectory = Folder }, cut.Token);
        await Eventually.TrueAsync(() => HalfWritten().Length > 0, "the creation of a cluster begins", Cancelled);
        await cut.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(first);

        await using var again = await StartAsync();

        (await QueryAsync(again, "select 1")).ShouldBe(1);
        HalfWritten().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_folder_in_use_is_refused_with_the_mend()
    {
        await using var held = new ClusterFolder(Folder).Lock();

        (await RefusalAsync(Folder)).ShouldContain("in use by another mcpx");
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_is_refused_with_the_mend()
    {
        var file = Path.Combine(_parent, "file");
        await File.WriteAllTextAsync(file, "", Cancelled);

        foreach (var folder in (string[])[file, Path.Combine(file, "below"), "/proc/mcpx"])
            (await RefusalAsync(folder)).ShouldContain("set MCPX_DATA to another folder");
    }

    [Fact]
    public async Task A_cluster_of_another_major_version_is_refused_with_the_mend()
    {
        Directory.CreateDirectory(Path.Combine(Folder, "server/cluster"));
        await File.WriteAllTextAsync(Path.Combine(Folder, "server/cluster/PG_VERSION"), "9\n", Cancelled);

        (await RefusalAsync(Folder)).ShouldContain("postgresql-9");
    }

    [Fact]
    public async Task Missing_binaries_are_refused_with_the_mend()
    {
        (await RefusalAsync(Folder, new PostgresSearchPlaces(null, "", "/nowhere"))).ShouldContain("apt-get install postgresql");
        (await RefusalAsync(Folder, new PostgresSearchPlaces("/nowhere", "", "/nowhere"))).ShouldContain("MCPX_PG_BIN=/nowhere");
    }

    [Fact]
    public async Task A_long_path_with_odd_letters_below_a_closed_folder_works()
    {
        var closed = Directory.CreateDirectory(
            Path.Combine(_parent, "it's, closed"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var folder = Path.Combine(closed.FullName, new string('x', 120), "$HOME");

        string socket;
        await using (var postgres = await StartAsync(new EmbeddedPostgresOptions { DataDirectory = folder }))
        {
            socket = new NpgsqlConnectionStringBuilder(postgres.ConnectionString).Host!;
            File.GetUnixFileMode(socket).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            (await QueryAsync(postgres, "select 1")).ShouldBe(1);
        }

        Directory.Exists(socket).ShouldBeFalse();
    }

    // Starts this test once more in a process of its own, where the folder is given, and kills that process.
    [Fact]
    public async Task A_killed_application_leaves_no_server_behind()
    {
        if (Environment.GetEnvironmentVariable(VictimFolder) is { Length: > 0 } given)
        {
            await using var postgres = await StartAsync(new EmbeddedPostgresOptions { DataDirectory = given });
            await postgres.Ended.WaitAsync(Cancelled);
            return;
        }

        var command = new ProcessStartInfo("dotnet", [
            typeof(EmbeddedPostgresTests).Assembly.Location, "-method", $"{typeof(EmbeddedPostgresTests).FullName}.{nameof(A_killed_application_leaves_no_server_behind)}",
        ]);
        command.Environment[VictimFolder] = Folder;
        command.Environment["TMPDIR"] = _parent;
        command.UseShellExecute = false;
        command.RedirectStandardOutput = true;
        using var victim = Process.Start(command)!;
        _ = victim.StandardOutput.ReadToEndAsync(Cancelled);
        var pidFile = Path.Combine(Folder, "server/cluster/postmaster.pid");
        var server = 0;
        await Eventually.TrueAsync(() => IsReady(pidFile, out server) || victim.HasExited, "the other process has a server", Cancelled);
        IsRunning(server).ShouldBeTrue();

        victim.Kill();

        await Eventually.TrueAsync(() => !IsRunning(server), "the server has gone", Cancelled);
        File.Exists(pidFile).ShouldBeFalse();
    }

    private Task<EmbeddedPostgres> StartAsync(EmbeddedPostgresOptions? options = null) =>
        EmbeddedPostgres.StartAsync(options ?? new EmbeddedPostgresOptions { DataDirectory = Folder }, Cancelled);

    private static async Task<string> RefusalAsync(string folder, PostgresSearchPlaces? places = null)
    {
        var options = new EmbeddedPostgresOptions { DataDirectory = folder, SearchPlaces = places };
        var refusal = await Should.ThrowAsync<EmbeddedPostgresException>(EmbeddedPostgres.StartAsync(options, Cancelled));
        refusal.Message.ShouldNotContain("\n");
        return refusal.Message;
    }

    private static async Task<object?> QueryAsync(EmbeddedPostgres postgres, string sql)
    {
        await using var connection = new NpgsqlConnection(postgres.ConnectionString);
        await connection.OpenAsync(Cancelled);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Cancelled);
    }

    private string[] HalfWritten() => Directory.Exists(Path.Combine(Folder, "server"))
        ? Directory.GetDirectories(Path.Combine(Folder, "server"), "cluster.new-*")
        : [];

    private static bool IsReady(string pidFile, out int process)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(pidFile);
        }
        catch (IOException)
        {
            lines = [];
        }

        process = 0;
        return lines.Length > 7 && int.TryParse(lines[0], CultureInfo.InvariantCulture, out process) && lines[7].Trim() == "ready";
    }

    // Where nothing collects orphans (a container without init) an ended one stays as a zombie.
    private static bool IsRunning(int process)
    {
        try
        {
            return !StatusOf(process, "State:")[0].StartsWith('Z');
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            return false;
        }
    }

    private static string[] StatusOf(int process, string field) =>
        File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith(field, StringComparison.Ordinal))[field.Length..].Split('\t', StringSplitOptions.RemoveEmptyEntries);

    private static void Kill(int process)
    {
        using var victim = Process.GetProcessById(process);
        victim.Kill();
    }
}
