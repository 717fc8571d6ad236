"""The local pool: a worker may die, hang or grow, the others never notice."""

import time

import pytest
from study_work import echo

from cosim.study.form import CaseLimits
from cosim.study.pool import LocalPool
from sims.faults import SimulationError


def told_by(payloads, *, workers=2, **limits):
    """What the pool tells of each payload, each exactly once."""
    results = []
    pool = LocalPool(workers, CaseLimits(**limits))
    try:
        pool.run(payloads, echo, results.append)
    finally:
        pool.close()
    assert sorted(result.case_id for result in results) == sorted(one["case_id"] for one in payloads)
    return {result.case_id: result for result in results}


def good(n):
    return [{"case_id": f"good{i}"} for i in range(n)]


def test_every_case_is_told_once_and_work_is_shared():
    told = told_by([{"case_id": str(i), "sleeps_s": 0.05} for i in range(8)])
    assert all(result.status == "done" for result in told.values())
    assert len({result.kpis["pid"] for result in told.values()}) == 2


def test_a_worker_killed_once_costs_nothing(tmp_path):
    told = told_by([*good(3), {"case_id": "once", "dies_once_at": str(tmp_path / "seen")}, *good(6)[3:]])
    assert {result.status for result in told.values()} == {"done"}


def test_a_case_that_kills_every_worker_fails_alone():
    deadly = {"case_id": "deadly", "dies_while": "/"}
    told = told_by([*good(2), deadly, *good(5)[2:], {"case_id": "exits", "exits": 3}])
    assert "died 2 times (signal 9" in told.pop("deadly").reason
    assert "died 2 times (exit code 3)" in told.pop("exits").reason
    assert {result.status for result in told.values()} == {"done"}


def test_a_slow_case_is_stopped_and_the_others_are_not():
    began = time.monotonic()
    told = told_by([{"case_id": "slow", "sleeps_s": 600.0}, *good(4)], case_seconds=1.0)
    assert time.monotonic() - began < 60.0
    assert told.pop("slow").reason == "took longer than case_seconds = 1 s"
    assert {result.status for result in told.values()} == {"done"}


def test_a_case_that_takes_too_much_memory_is_stopped():
    told = told_by([{"case_id": "greedy", "holds_mb": 1500}, *good(2)], case_memory_mb=1000.0)
    assert told.pop("greedy").reason == "held more than case_memory_mb = 1000 MB"
    assert {result.status for result in told.values()} == {"done"}


def test_an_exception_is_a_failed_case():
    told = told_by([{"case_id": "bad", "raises": "broken"}, *good(2)])
    assert told["bad"].reason == "unexpected RuntimeError: broken"


def test_the_pool_works_again_after_its_first_round():
    results = []
    pool = LocalPool(1)
    for _ in range(2):
        pool.run(good(2), echo, results.append)
    pool.close()
    assert len({result.kpis["pid"] for result in results}) == 1


def test_an_exception_of_the_listener_ends_the_workers():
    def stop(result):
        raise KeyboardInterrupt

    pool = LocalPool(2)
    with pytest.raises(KeyboardInterrupt):
        pool.run([*good(1), {"case_id": "slow", "sleeps_s": 600.0}], echo, stop)
    assert not pool._busy and not pool._idle


def test_workers_that_never_begin_end_the_study(monkeypatch):
    monkeypatch.setattr("cosim.study.pool.serve", exit_at_once)
    with pytest.raises(SimulationError, match="before they begin"):
        told_by(good(2))


def exit_at_once(line):
    """A worker that cannot start."""
    raise SystemExit(4)
