"""Row 111 in small; `python -m tests.faults --only flips` makes 1,200 mutations of a run."""

import synthetic_file
from flips import counted


def test_no_damage_is_missed(tmp_path):
    whole = synthetic_file.image()
    tables = counted(whole, tmp_path / "damaged.h5", 30, 2)
    assert tables["verify"]["missed"] == 0
    assert tables["hashes inside"]["missed"] == 0
    assert tables["verify"]["told"] >= 29  # a byte may be replaced by itself
