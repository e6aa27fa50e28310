using FsCheck.Fluent;
using Mcpx.Core.Calls.Journal;
using Mcpx.Tests.Fixtures;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Calls.Journal;

/// <summary>Files of the journal: how long they are, and what is read of one that was cut off, changed or left by a kill.</summary>
public sealed class JournalFileTests : IDisposable
{
    private readonly JournalStage _stage = new("journal-files");

    [Fact]
    public async Task A_file_cut_off_anywhere_gives_what_was_whole_and_goes_on()
    {
        var (path, whole, ends) = await LeaveAsync(20);
        Property.Holds(Gen.Choose(0, whole.Length), length =>
        {
            File.WriteAllBytes(path, whole[..length]);
            using (var journal = _stage.Open())
            {
                journal.ReadAll().Count.ShouldBe(ends.Count(end => end <= length));
                journal.AppendAsync(JournalCalls.Small()).IsFaulted.ShouldBeFalse();
            }

            foreach (var file in _stage.Files()) File.Delete(file);
        }, times: 200);
    }

    [Fact]
    public async Task What_a_kill_leaves_of_a_file_with_room_is_whole_or_told()
    {
        var (path, whole, ends) = await LeaveAsync(20);
        Property.Holds(Gen.Choose(0, whole.Length), length =>
        {
            // As a file looks whose process was killed: a write that came so far, and behind it the room that nobody has written into.
            File.WriteAllBytes(path, [.. whole[..length], .. new byte[_stage.Settings.SegmentBytes - length]]);
            using (var journal = _stage.Open())
            {
                var isWhole = length == JournalSegment.HeaderLength || ends.Contains(length);
                if (length >= JournalSegment.HeaderLength)
                {
                    journal.Torn.ShouldBe(isWhole ? 0 : whole[..length].AsSpan().LastIndexOfAnyExcept((byte)0) + 1 - ends.Where(end => end <= length).DefaultIfEmpty(JournalSegment.HeaderLength).Max());
                    journal.Damaged.ShouldBe(0, "nobody was answered for what was cut off");
                }

                journal.ReadAll().Count.ShouldBe(ends.Count(end => end <= length));
            }

            foreach (var file in _stage.Files()) File.Delete(file);
        }, times: 200);
    }

    [Fact]
    public async Task A_file_has_its_room_from_the_start_and_gives_back_what_it_does_not_need()
    {
        using (var journal = _stage.Open())
        {
            var path = _stage.Files().Single();
            await journal.AppendAsync(5);
            new FileInfo(path).Length.ShouldBe(_stage.Settings.SegmentBytes);
            await journal.AppendAsync(JournalCalls.Sized((int)_stage.Settings.SegmentBytes));
            await journal.AppendAsync(1);
            new FileInfo(path).Length.ShouldBeGreaterThan(_stage.Settings.SegmentBytes, "one that is longer than the room grows");
        }

        // Ended, and nothing confirmed: what is left is as long as its records.
        using var next = _stage.Open();
        (_stage.Files().Order(StringComparer.Ordinal).Take(2).Sum(f => new FileInfo(f).Length) - 2 * JournalSegment.HeaderLength).ShouldBe(next.Written);
        next.Torn.ShouldBe(0);
    }

    [Fact]
    public async Task A_flipped_bit_is_found_wherever_it_is()
    {
        var (path, whole, ends) = await LeaveAsync(20);
        Property.Holds(Gen.Zip(Gen.Choose(0, whole.Length - 1), Gen.Choose(0, 7)), flip =>
        {
            var bytes = whole.ToArray();
            bytes[flip.Item1] ^= (byte)(1 << flip.Item2);
            File.WriteAllBytes(path, bytes);
            using (var journal = _stage.Open())
            {
                // All in front of the flip, and nothing that differs from what was written.
                journal.ReadAll().Count.ShouldBe(flip.Item1 < JournalSegment.HeaderLength ? 0 : ends.Count(end => end <= flip.Item1));
                journal.IsEmpty.ShouldBeTrue();
            }

            foreach (var file in _stage.Files()) File.Delete(file);
        }, times: 200);
    }

    [Fact]
    public async Task A_file_damaged_while_it_waits_is_kept_aside_and_the_rest_goes_on()
    {
        using var journal = _stage.Open();
        var first = await journal.AppendAsync(10);
        var path = _stage.Files().Single();
        await using (var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            // Another byte than was there, whatever that was: it is sealed, and looks like chance.
            var at = JournalSegment.HeaderLength + journal.Written - 30;
            file.Seek(at, SeekOrigin.Begin);
            var was = file.ReadByte();
            file.Seek(at, SeekOrigin.Begin);
            file.WriteByte((byte)~was);
        }

        journal.ReadAll().Select(c => c.Id).ShouldBe(first.Take(9).Select(c => c.Id));
        journal.Damaged.ShouldBe(1);
        File.Exists(path + JournalSegment.DamagedExtension).ShouldBeTrue();
        journal.Depth.ShouldBe(0);

        var then = await journal.AppendAsync(5);
        journal.ReadAll().Select(c => c.Id).ShouldBe(then.Select(c => c.Id));
    }

    [Fact]
    public async Task A_record_that_was_moved_to_another_place_is_none()
    {
        var (path, whole, ends) = await LeaveAsync(3);
        // All of one length: the second takes the place of the third.
        var swapped = whole.ToArray();
        whole.AsSpan((int)ends[0], (int)(ends[1] - ends[0])).CopyTo(swapped.AsSpan((int)ends[1]));
        await File.WriteAllBytesAsync(path, swapped, TestContext.Current.CancellationToken);

        using var journal = _stage.Open();
        journal.ReadAll().Count.ShouldBe(2);
        journal.Damaged.ShouldBe(1);
    }

    public void Dispose() => _stage.Dispose();

    /// <summary>A file with some records, its bytes, and where each record ends.</summary>
    private async Task<(string Path, byte[] Whole, List<long> Ends)> LeaveAsync(int count)
    {
        List<long> ends = [];
        string path;
        using (var journal = _stage.Open())
        {
            path = _stage.Files().Single();
            for (var i = 0; i < count; i++)
            {
                await journal.AppendAsync(JournalCalls.Small());
                ends.Add(JournalSegment.HeaderLength + journal.Written);
            }
        }

        var whole = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        File.Delete(path);
        return (path, whole, ends);
    }
}
