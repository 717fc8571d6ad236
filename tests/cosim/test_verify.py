"""`cosim verify`: sound files, damaged ones by name, and what is no result at all."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from small_sites import MONDAY, Small, car, ports, ran, site
from typer.testing import CliRunner

import cosim
from cosim import Run, verify_file
from cosim.cli import app
from cosim.results import seal
from cosim.verify import Verdict


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    cars = [car("a", 8, 17), car("b", 9, 30, soc_required=0.9)]
    when = Small(start=MONDAY, days=8)
    return ran(tmp_path_factory.mktemp("verify"), site(50.0, cars, [ports(2)]), when=when)


def changed(run: Run, path: Path, change, *, again: bool = False) -> Path:
    """A copy with a change made by h5py; `again` puts a seal on it."""
    path.write_bytes(run.path.read_bytes()[: -seal.LENGTH])
    with h5py.File(path, "r+") as file:
        change(file)
    if again:
        path.write_bytes(seal.sealed(path.read_bytes()))
    return path


def test_a_run_is_sound(run):
    verdict = verify_file(run.path)
    assert verdict == Verdict(run.path, hashes=verdict.hashes)
    assert verdict.sound
    assert verdict.hashes > 80


def put(name: str, row: object, value: object):
    def change(file: h5py.File) -> None:
        file[name][row] = value

    return change


DAMAGE = {
    "series": (
        put("sites/office/soc", 700, 0.5),
        "/sites/office/soc: steps 672 to 767 (2019-06-10T00:00-07:00 to 2019-06-11T00:00-07:00): not as",
    ),
    "price": (put("signals/hourly/price_per_kwh", 3, 0.9), "/signals/hourly/price_per_kwh: steps 0 to 671 ("),
    "table": (put("sessions/office/missing_kwh", 0, 7.0), "/sessions/office/missing_kwh: not as written"),
    "name": (put("sites/office/evse", 0, "other"), "/sites/office/evse: not as written"),
    "scenario": (put("scenario", (), "name = 'x'"), "/scenario: not as written"),
    "figure": (lambda file: file["kpis"].attrs.modify("totals.bill_total", 0.0), "/kpis: attributes: not as"),
    "unit": (
        lambda file: file["sites/office/soc"].attrs.modify("units", "%"),
        "/sites/office/soc: attributes",
    ),
    "seed": (lambda file: file.attrs.modify("seed", 2), "/: attributes: not as written"),
    "gone": (
        lambda file: file.__delitem__("feeder/line_rated_a"),
        "/feeder/line_rated_a: was written and is",
    ),
    "new": (lambda file: file.create_dataset("feeder/mine", data=[1.0]), "/feeder/mine: nothing of the kind"),
    "lied": (put("manifest", (), "[]"), "the manifest is no table"),
}


@pytest.mark.parametrize("again", [False, True], ids=["seal gone", "sealed again"])
@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_named(run, tmp_path, kind, again, monkeypatch):
    if not again:  # the same answer as from a process of its own, quicker
        from cosim.verify_inside import look_inside

        monkeypatch.setattr("cosim.verify._in_own_process", look_inside)
    change, words = DAMAGE[kind]
    verdict = verify_file(changed(run, tmp_path / "x.h5", change, again=again))
    assert any(words in sentence for sentence in verdict.damage), verdict.damage
    assert not verdict.sound
    assert not verdict.violations
    assert ("the seal at its end is gone" in verdict.damage[0]) == (not again and kind != "lied")


def test_bytes_outside_all_values_are_told_as_such(run, tmp_path):
    path = tmp_path / "x.h5"
    content = bytearray(run.path.read_bytes())
    content[-5] ^= 1  # in the seal itself
    path.write_bytes(content)
    assert verify_file(path).damage == ("bytes have changed since it was written; every value is as written",)
    path.write_bytes(run.path.read_bytes()[: -seal.LENGTH])
    assert "the seal at its end is gone" in verify_file(path).damage[0]


def test_a_file_without_hashes_says_so_and_keeps_the_rules(run, tmp_path):
    verdict = verify_file(changed(run, tmp_path / "old.h5", lambda file: file.__delitem__("manifest")))
    assert verdict.sound
    assert verdict.notes == ("holds no hashes (written by an older gridpark): bytes cannot be checked",)

    def change(file: h5py.File) -> None:
        del file["manifest"]
        file["sites/office/site_kw"][5] += 1.0

    verdict = verify_file(changed(run, tmp_path / "old.h5", change))
    assert not verdict.damage
    assert {violation.rule for violation in verdict.violations} >= {"I2", "I3", "I6"}


def narrowed(file: h5py.File) -> None:
    held, known = file["sites/office/soc"][()], dict(file["sites/office/soc"].attrs)
    del file["sites/office/soc"]
    made = file.create_dataset("sites/office/soc", data=held.astype("f4"))
    made.attrs.update({name: known[name] for name in ("units", "long_name")})


STRANGE = {
    "type": (narrowed, "/sites/office/soc: its type is float32, not float64"),
    "unit": (
        lambda file: file["sites/office/soc"].attrs.modify("units", "%"),
        "/sites/office/soc: its units is '%'",
    ),
    "axis": (put("feeder/time", 3, 1.0), "/feeder/time: is not the axis the file's header tells"),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_without_hashes_the_layout_still_tells(run, tmp_path, kind):
    from cosim.verify_inside import look_inside

    change, words = STRANGE[kind]

    def without_hashes(file: h5py.File) -> None:
        del file["manifest"]
        change(file)

    found = look_inside(changed(run, tmp_path / "old.h5", without_hashes))
    assert any(words in sentence for sentence in found["damage"]), found["damage"]


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "empty"), (b"hello", "does not begin as an HDF5 file"), (b"\x89HDF\r\n\x1a\n" + bytes(200), "")],
)
def test_what_is_no_result_is_told(tmp_path, content, why):
    (tmp_path / "x.h5").write_bytes(content)
    (damage,) = verify_file(tmp_path / "x.h5").damage
    assert damage.startswith("not a result file")
    assert why in damage


def test_a_crash_of_the_library_is_told(run, tmp_path, monkeypatch):
    path = changed(run, tmp_path / "x.h5", lambda file: None)
    import subprocess

    monkeypatch.setattr(
        "cosim.verify.subprocess.run", lambda call, **how: subprocess.CompletedProcess(call, -11, b"", b"")
    )
    assert "reading it ends the process (code -11)" in verify_file(path).damage


def test_reading_without_end_is_told(run, tmp_path, monkeypatch):
    path = changed(run, tmp_path / "x.h5", lambda file: None)
    monkeypatch.setattr("cosim.verify.SECONDS", 0.0)
    monkeypatch.setattr("cosim.verify.SECONDS_PER_MB", 0.0)
    assert "does not end within 0 s" in verify_file(path).damage[0]


def test_what_is_left_of_an_unfinished_run_is_pointed_at(tmp_path):
    (tmp_path / "x.parts").mkdir()
    (tmp_path / "x.h5").write_bytes(b"")
    assert verify_file(tmp_path / "x.h5").notes == (
        f"finished steps of a run are kept in {tmp_path / 'x.parts'}",
    )


def test_the_command(run, tmp_path):
    good = CliRunner().invoke(app, ["verify", str(run.path), str(run.path)])
    assert (good.exit_code, good.output.count("sound, ")) == (0, 2)
    bad = changed(run, tmp_path / "x.h5", put("sites/office/soc", 1, 0.5), again=True)
    both = CliRunner().invoke(app, ["verify", str(run.path), str(bad), "--json"])
    assert both.exit_code == 5
    first, second = json.loads(both.output)["files"]
    assert (first["sound"], second["sound"]) == (True, False)
    assert "/sites/office/soc: steps 0 to 671" in second["damage"][0]
    missing = CliRunner().invoke(app, ["verify", str(tmp_path / "none.h5")])
    assert missing.exit_code == 5
    assert "no such file" in missing.output


def test_hashes_of_runs_are_the_same_again(run, tmp_path):
    again = ran(
        tmp_path,
        site(50.0, [car("a", 8, 17), car("b", 9, 30, soc_required=0.9)], [ports(2)]),
        when=Small(start=MONDAY, days=8),
        window_days=3,
    )
    assert again.path.read_bytes() == run.path.read_bytes()
    assert np.array_equal(again.feeder.import_kw, run.feeder.import_kw)
    assert cosim.check_run(again) == []
