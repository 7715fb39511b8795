def test_the_jobs_are_listed_with_their_schedule(command, sqlite_url):
    result = command("jobs", "list", on=sqlite_url)
    assert result.exit_code == 0
    assert "prune" in result.output
    assert "daily at 03:30 UTC" in result.output
    rows = {line.split()[0]: line for line in result.output.splitlines()[2:]}
    assert "one process" in rows["check-providers"]
    for name in ("follow-toggles", "share-heartbeat", "share-outcomes"):
        assert "every 0:00:02" in rows[name]
        assert "each process" in rows[name]


def test_a_job_that_waits_for_work_is_not_shown_as_overdue(command, sqlite_url):
    assert command("jobs", "run", "number-events", on=sqlite_url).exit_code == 0
    listed = command("jobs", "list", on=sqlite_url).output
    (row,) = [line for line in listed.splitlines() if line.startswith("number-events ")]
    assert "every 0.5 s" in row
    assert "  with work  " in row
    assert "  ok  " in row


def test_a_job_runs_at_once_and_tells_its_figures(command, sqlite_url):
    result = command("jobs", "run", "prune", on=sqlite_url)
    assert result.exit_code == 0
    assert result.output == "drafts: 0\nsessions: 0\ndeliveries: 0\nstream_tickets: 0\nidempotency_keys: 0\n"
    prune = next(
        line for line in command("jobs", "list", on=sqlite_url).output.splitlines() if "prune" in line
    )
    assert "  ok  " in prune


def test_an_unknown_job_is_refused_with_the_names_there_are(command, sqlite_url):
    result = command("jobs", "run", "nonsense", on=sqlite_url)
    assert result.exit_code == 2
    assert "prune" in result.output


def test_jobs_need_the_schema(command, tmp_path):
    for arguments in (("list",), ("run", "prune")):
        result = command("jobs", *arguments, on=f"sqlite:///{tmp_path}/new.db")
        assert result.exit_code == 1
        assert "db upgrade" in result.output
