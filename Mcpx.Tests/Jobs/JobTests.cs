using Mcpx.Core.Calls;
using Mcpx.Core.Identity;
using Mcpx.Core.Jobs;
using Mcpx.Core.Primitives;
using Mcpx.Tests.Data;
using Mcpx.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Mcpx.Tests.Jobs;

public sealed class JobTests(PostgresFixture postgres) : DataTests(postgres)
{
    [Fact]
    public async Task A_job_that_is_due_runs_on_one_replica_of_two()
    {
        await using DataHost other = await DataHost.JoinAsync(Host.ConnectionString);
        CountingJob job = new();
        JobRunner one = RunnerOf(Host, job), two = RunnerOf(other, job);

        for (int round = 1; round <= 5; round++)
        {
            IReadOnlyList<Task>[] begun = await Task.WhenAll(one.StartDueAsync(Cancelled), two.StartDueAsync(Cancelled));
            begun.Sum(b => b.Count).ShouldBe(1);
            await Task.WhenAll(begun.SelectMany(b => b));
            job.Runs.ShouldBe(round);
            (await one.StartDueAsync(Cancelled)).ShouldBeEmpty();
            (await two.StartDueAsync(Cancelled)).ShouldBeEmpty();
            await Host.QueryAsync("UPDATE jobs SET next_run_at = now()");
        }

        (await Host.QueryAsync("SELECT result FROM jobs WHERE name = 'counting'")).ShouldBe("Run 5.");
    }

    [Fact]
    public async Task While_a_replica_holds_a_job_no_other_begins_it()
    {
        await using DataHost other = await DataHost.JoinAsync(Host.ConnectionString);
        CountingJob job = new();
        job.Hold();
        IReadOnlyList<Task> held = await RunnerOf(Host, job).StartDueAsync(Cancelled);
        await Eventually.TrueAsync(() => job.Runs == 1, "the job began", Cancelled);

        (await RunnerOf(other, job).StartDueAsync(Cancelled)).ShouldBeEmpty();
        job.Release();
        await Task.WhenAll(held);

        job.Runs.ShouldBe(1);
    }

    [Fact]
    public async Task A_replica_that_died_loses_its_job_to_another_and_cannot_give_it_back()
    {
        await using DataHost other = await DataHost.JoinAsync(Host.ConnectionString);
        IJobStore died = Host.Get<IJobStore>(), alive = other.Get<IJobStore>();
        await died.EnsureAsync(["counting"], Cancelled);
        JobLease lost = (await died.TakeDueAsync(["counting"], JobRunner.Lease, Cancelled)).ShouldNotBeNull();
        (await alive.TakeDueAsync(["counting"], JobRunner.Lease, Cancelled)).ShouldBeNull();

        await Host.QueryAsync("UPDATE jobs SET leased_until = now() - interval '1 second'");
        JobLease taken = (await alive.TakeDueAsync(["counting"], JobRunner.Lease, Cancelled)).ShouldNotBeNull();

        (await died.RenewAsync(lost, JobRunner.Lease, Cancelled)).ShouldBeFalse();
        await died.EndAsync(lost, succeeded: true, "too late", TimeSpan.Zero, Cancelled);
        (await alive.RenewAsync(taken, JobRunner.Lease, Cancelled)).ShouldBeTrue();
        (await Host.QueryAsync("SELECT result FROM jobs")).ShouldBe(DBNull.Value);
    }

    [Fact]
    public async Task A_job_that_fails_says_why_and_is_tried_again_within_a_minute()
    {
        CountingJob job = new() { Failure = new InvalidOperationException("nul \0 inside") };

        await Task.WhenAll(await RunnerOf(Host, job).StartDueAsync(Cancelled));

        (await Host.QueryAsync("SELECT succeeded::text || ' ' || (next_run_at <= now() + interval '1 minute')::text || ' ' || result FROM jobs"))
            .ShouldBe("false true nul \uFFFD inside");
    }

    [Fact]
    public async Task A_job_on_request_waits_to_be_asked_and_runs_once_more_when_asked_while_it_runs()
    {
        CountingJob job = new() { Every = IJob.OnRequest };
        JobRunner runner = RunnerOf(Host, job);
        IJobStore store = Host.Get<IJobStore>();
        (await store.FindAsync(job.Name, Cancelled)).ShouldBeNull();
        (await runner.StartDueAsync(Cancelled)).ShouldBeEmpty();
        (await store.FindAsync(job.Name, Cancelled)).ShouldBe(new JobState(false, null, null, null));

        await store.RequestAsync(job.Name, Cancelled);
        (await store.FindAsync(job.Name, Cancelled))!.IsPending.ShouldBeTrue();
        job.Hold();
        IReadOnlyList<Task> held = await runner.StartDueAsync(Cancelled);
        await Eventually.TrueAsync(() => job.Runs == 1, "the job began", Cancelled);
        await store.RequestAsync(job.Name, Cancelled);
        job.Release();
        await Task.WhenAll(held);

        await Task.WhenAll(await runner.StartDueAsync(Cancelled));
        job.Runs.ShouldBe(2);
        (await runner.StartDueAsync(Cancelled)).ShouldBeEmpty();
        JobState done = (await store.FindAsync(job.Name, Cancelled))!;
        (done.IsPending, done.Succeeded, done.Result).ShouldBe((false, true, "Run 2."));
    }

    [Fact]
    public async Task The_sweeps_take_what_has_had_its_time_and_nothing_else()
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        string user = acme.User.Id.ToString(), org = acme.Organization.Id.ToString();
        await Host.QueryAsync($"""
            INSERT INTO sessions (id, user_id, provider, client, address, created_at, last_seen_at, expires_at, revoked_at)
            SELECT gen_random_uuid(), '{user}', 'link', label, '', now(), now() + seen, now() + expires, now() + revoked
            FROM (VALUES ('young', interval '-1 hour', interval '7 days', NULL::interval), ('revoked just now', '-1 hour', '7 days', '0'),
                         ('idle', '-40 hours', '7 days', NULL), ('over', '-1 hour', '-2 days', NULL), ('revoked', '-1 hour', '7 days', '-2 days')) AS s (label, seen, expires, revoked);
            INSERT INTO sign_in_links (hash, user_id, expires_at) VALUES ('\x01', '{user}', now() - interval '2 days'), ('\x02', '{user}', now() - interval '2 hours');
            INSERT INTO invitations (id, org_id, email, role, hash, created_at, expires_at, accepted_at)
            VALUES (gen_random_uuid(), '{org}', 'old@x.example', 0, '\x01', now(), now() - interval '31 days', NULL),
                   (gen_random_uuid(), '{org}', 'accepted@x.example', 0, '\x02', now(), now() + interval '1 day', now() - interval '31 days'),
                   (gen_random_uuid(), '{org}', 'kept@x.example', 0, '\x03', now(), now() - interval '29 days', NULL);
            INSERT INTO service_accounts (id, org_id, name, description, role, scopes, created_at, updated_at)
            VALUES ('{org}', '{org}', 'robot', '', 0, 1, now(), now());
            INSERT INTO client_assertions (account_id, jti_hash, org_id, expires_at)
            VALUES ('{org}', '\x01', '{org}', now() - interval '2 hours'), ('{org}', '\x02', '{org}', now());
            INSERT INTO revocations (kind, target_id, at) VALUES ('token', '{org}', now() - interval '2 hours'), ('token', '{org}', now());
            """);

        await Task.WhenAll(await RunnerOf(Host, [.. Host.Services.GetServices<IJob>()]).StartDueAsync(Cancelled));

        (await Host.QueryAsync("SELECT string_agg(client, ', ' ORDER BY client) FROM sessions")).ShouldBe("revoked just now, young");
        (await Host.QueryAsync("SELECT string_agg(email, ', ') FROM invitations")).ShouldBe("kept@x.example");
        (await Host.QueryAsync("SELECT string_agg(encode(hash, 'hex'), ', ') FROM sign_in_links")).ShouldBe("02");
        (await Host.QueryAsync("SELECT string_agg(encode(jti_hash, 'hex'), ', ') FROM client_assertions")).ShouldBe("02");
        (await Host.QueryAsync("SELECT count(*) FROM revocations")).ShouldBe(1L);
        (await Host.QueryAsync("SELECT string_agg(DISTINCT succeeded::text, ', ') FROM jobs")).ShouldBe("true");
    }

    [Fact]
    public async Task Calls_of_organisations_that_are_gone_are_deleted_and_no_others()
    {
        Membership acme = await Host.AddOrganizationAsync("acme");
        OrganizationId gone = DataHost.NewId<OrganizationId>();
        CallRecord kept = DataHost.NewCall(acme.Organization.Id, DataHost.Now) with { Request = new byte[] { 1 } };
        CallRecord unnamed = DataHost.NewCall(OrganizationId.None, DataHost.Now, CallOutcome.Unauthenticated);
        await Host.Get<ICallStore>().WriteAsync([kept, unnamed, .. Enumerable.Range(0, 3).Select(i => DataHost.NewCall(gone, DataHost.Now.AddTicks(-i)) with { Request = new byte[] { 2 } })], Cancelled);

        await Task.WhenAll(await RunnerOf(Host, [.. Host.Services.GetServices<IJob>()]).StartDueAsync(Cancelled));

        (await Host.QueryAsync("SELECT result FROM jobs WHERE name = 'delete-orphaned-calls'")).ShouldBe("3 deleted.");
        (await Host.QueryAsync("SELECT string_agg(id::text, ',' ORDER BY id) FROM calls"))
            .ShouldBe(string.Join(',', new[] { kept.Id.ToString(), unnamed.Id.ToString() }.Order(StringComparer.Ordinal)));
        (await Host.QueryAsync("SELECT count(*) FROM call_payloads")).ShouldBe(1L);
    }

    private static JobRunner RunnerOf(DataHost host, params IJob[] jobs) => new(jobs, host.Get<IJobStore>(), NullLogger<JobRunner>.Instance, TimeProvider.System);

    private sealed class CountingJob : IJob
    {
        private TaskCompletionSource _gate = new();
        private int _runs;

        public CountingJob() => _gate.SetResult();

        public string Name => "counting";

        public TimeSpan Every { get; init; } = TimeSpan.FromHours(1);

        public int Runs => Volatile.Read(ref _runs);

        public Exception? Failure { get; init; }

        public void Hold() => _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Release() => _gate.SetResult();

        public async Task<string> RunAsync(CancellationToken cancellationToken)
        {
            int run = Interlocked.Increment(ref _runs);
            await _gate.Task.WaitAsync(cancellationToken);
            return Failure is null ? $"Run {run}." : throw Failure;
        }
    }
}
