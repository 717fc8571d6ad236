"""`cosim explain` on the command line; `test_reword.py` has what goes over the network."""

import json

from typer.testing import CliRunner

from cosim.cli import app


def cli(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_text_is_one_sentence_a_line(run_path, run):
    done = cli("explain", run_path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"{run.explain().text}\n"
    assert (
        cli("explain", run_path, "--figure", "transformer").stdout == f"{run.explain('transformer').text}\n"
    )


def test_json_has_the_path_of_every_number(run_path):
    told = json.loads(cli("explain", run_path, "--json").stdout)
    assert set(told) == {"sentences"}
    (peak,) = [one for one in told["sentences"] if one["text"].startswith("The billed peak of office")]
    assert peak["numbers"][0] == {"text": "48.0 kW", "path": "sites.office.billed_peak_kw", "value": 48.0}


def test_against_a_baseline(run_path):
    assert "Against the baseline, the bill" in cli("explain", run_path, "--against", run_path).stdout


def test_wrong_names_and_files_are_told(run_path, tmp_path):
    done = cli("explain", run_path, "--figure", "ocupancy")
    assert done.exit_code == 2
    assert 'nearest: "occupancy"' in done.stderr
    done = cli("explain", tmp_path / "none.h5")
    assert done.exit_code == 5
    assert cli("explain", run_path, "--against", tmp_path / "none.h5").exit_code == 5
