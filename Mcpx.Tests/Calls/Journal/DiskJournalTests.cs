using Mcpx.Core.Calls;
using Mcpx.Core.Calls.Journal;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Calls.Journal;

/// <summary>What is on disk after a kill, a torn write, a damaged file and a disk that fails.</summary>
public sealed class DiskJournalTests : IDisposable
{
    private readonly JournalStage _stage = new("journal");

    [Fact]
    public async Task What_was_appended_is_read_in_its_order_and_gone_when_confirmed()
    {
        using var journal = _stage.Open();
        var calls = await journal.AppendAsync(2000);

        journal.Depth.ShouldBe(2000);
        journal.ReadAll(batch: 7).Select(c => c.Id).ShouldBe(calls.Select(c => c.Id));
        journal.Depth.ShouldBe(0);
        journal.IsEmpty.ShouldBeTrue();
        _stage.Files().Count.ShouldBe(1, "only the file that is written to is left");
    }

    [Fact]
    public async Task What_was_not_confirmed_is_there_for_the_next_process()
    {
        List<CallRecord> calls;
        using (var journal = _stage.Open())
        {
            calls = await journal.AppendAsync(500);
            journal.Read([], 100, long.MaxValue);
        }

        using var next = _stage.Open();
        next.Depth.ShouldBe(500);
        calls.AddRange(await next.AppendAsync(10));
        next.ReadAll().Select(c => c.Id).ShouldBe(calls.Select(c => c.Id));
    }

    [Fact]
    public async Task Everything_confirmed_leaves_no_file()
    {
        using (var journal = _stage.Open())
        {
            await journal.AppendAsync(3);
            journal.ReadAll();
        }

        _stage.Files().ShouldBeEmpty();
    }

    [Fact]
    public async Task Many_at_once_are_all_there_once()
    {
        using var journal = _stage.Open();
        var calls = Enumerable.Range(0, 5000).Select(_ => JournalCalls.Small()).ToList();
        await Parallel.ForEachAsync(calls, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (call, _) => await journal.AppendAsync(call));

        journal.ReadAll().Select(c => c.Id.Value).Order().ShouldBe(calls.Select(c => c.Id.Value).Order());
    }

    [Fact]
    public async Task A_record_longer_than_the_buffer_is_read()
    {
        using var journal = _stage.Open();
        await journal.AppendAsync(JournalCalls.Sized(3 << 20));
        await journal.AppendAsync(JournalCalls.Small());

        journal.ReadAll().Select(c => c.Request?.Length).ShouldBe([3 << 20, null]);
    }

    [Fact]
    public async Task Two_processes_keep_apart_and_the_next_one_takes_what_is_left_of_an_ended_one()
    {
        List<CallRecord> left;
        using var living = _stage.Open();
        var own = await living.AppendAsync(5);
        using (var ended = _stage.Open()) left = await ended.AppendAsync(7);
        living.ReadAll().Select(c => c.Id).ShouldBe(own.Select(c => c.Id));

        using var third = _stage.Open();
        third.ReadAll().Select(c => c.Id).ShouldBe(left.Select(c => c.Id));
    }

    [Fact]
    public async Task A_place_below_is_emptied_by_whoever_starts()
    {
        var first = _stage.Open();
        using var second = _stage.Open();
        var left = await first.AppendAsync(7);
        first.Dispose();
        Directory.CreateDirectory(Path.Combine(_stage.Path, "zzz"));
        using (var again = _stage.Open()) again.ReadAll().Select(c => c.Id).ShouldBe(left.Select(c => c.Id));
    }

    [Fact]
    public async Task Nobody_else_on_the_machine_can_read_it()
    {
        if (OperatingSystem.IsWindows()) return;
        using var journal = _stage.Open();
        await journal.AppendAsync(JournalCalls.Small());
        File.GetUnixFileMode(_stage.Path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [Fact]
    public async Task What_is_on_disk_opens_with_the_keys_of_the_installation_only()
    {
        var call = JournalCalls.Small() with { Request = "correct horse battery staple"u8.ToArray(), Tool = "transfer" };
        using (var journal = _stage.Open()) await journal.AppendAsync(call);
        var path = _stage.Files().Single();
        var bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        bytes.AsSpan().IndexOf("battery"u8).ShouldBe(-1);
        bytes.AsSpan().IndexOf("transfer"u8).ShouldBe(-1);

        using (var stranger = new DiskJournal(_stage.Settings, JournalCalls.KeysOf(2), new JournalDisk(), TimeProvider.System))
        {
            stranger.ReadAll().ShouldBeEmpty();
            stranger.Damaged.ShouldBe(1, "somebody has to know of it");
        }

        var kept = Directory.EnumerateFiles(_stage.Path, "*" + JournalSegment.DamagedExtension, SearchOption.AllDirectories).Single();
        File.Move(kept, path);
        using var rotated = new DiskJournal(_stage.Settings, JournalCalls.KeysOf(3, 1), new JournalDisk(), TimeProvider.System);
        rotated.ReadAll().ShouldHaveSingleItem().Request.Bytes().ShouldBe(call.Request.Bytes());
    }

    [Fact]
    public async Task A_disk_that_fails_is_said_and_tried_again_in_a_new_file()
    {
        var disk = new FailingDisk();
        using var journal = new DiskJournal(_stage.Settings, JournalCalls.Keys, disk, TimeProvider.System);
        var before = await journal.AppendAsync(3);
        disk.Fails = true;
        await Should.ThrowAsync<JournalException>(() => journal.AppendAsync(JournalCalls.Small()));
        journal.Failure.ShouldNotBeNull().ShouldContain("No space left");

        disk.Fails = false;
        await Eventually.TrueAsync(() => journal.Failure is null, "the journal found out by itself that the disk is well", TestContext.Current.CancellationToken);
        var after = await journal.AppendAsync(3);

        journal.ReadAll().Select(c => c.Id).ShouldBe([.. before.Select(c => c.Id), .. after.Select(c => c.Id)]);
    }

    [Fact]
    public async Task A_write_that_fails_for_a_moment_costs_no_call()
    {
        var disk = new FailingDisk { Fails = true, FailuresLeft = 1 };
        using (var opened = _stage.Open()) opened.IsEmpty.ShouldBeTrue();
        disk.Fails = false;
        using var journal = new DiskJournal(_stage.Settings with { WritePatience = TimeSpan.FromSeconds(30) }, JournalCalls.Keys, disk, TimeProvider.System);
        disk.Fails = true;
        var call = JournalCalls.Small();
        await journal.AppendAsync(call);

        journal.ReadAll().ShouldHaveSingleItem().Id.ShouldBe(call.Id);
    }

    [Fact]
    public async Task A_folder_that_somebody_removed_is_made_again()
    {
        using var journal = _stage.Open();
        var before = await journal.AppendAsync(3);
        Directory.Delete(_stage.Path, recursive: true);
        await Eventually.TrueAsync(() => Directory.Exists(_stage.Path) && _stage.Files().Count == 1, "there is a file again", TestContext.Current.CancellationToken);
        var after = await journal.AppendAsync(3);

        journal.ReadAll().Select(c => c.Id).ShouldBe([.. before.Select(c => c.Id), .. after.Select(c => c.Id)]);
        File.Exists(_stage.Files().Single()).ShouldBeTrue();
    }

    [Fact]
    public void A_directory_that_is_a_file_is_refused_with_its_name()
    {
        File.WriteAllText(_stage.Path, "");

        Should.Throw<JournalException>(_stage.Open).Message.ShouldContain(_stage.Path);
    }

    public void Dispose() => _stage.Dispose();
}
