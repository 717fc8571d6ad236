"""Studies with made-up results, without a run: dearer by ports, cheaper but short of energy with llf."""

import json
from itertools import product
from pathlib import Path

from cosim.study.case import CaseResult
from cosim.study.folder import Folder
from cosim.study.study import Study, open_study

POLICIES = ["uncontrolled", "llf", "<b>own</b>"]
FULL = {"policy": POLICIES, "n_ports": [5, 15, 25], "feeder.options.transformer_kva": [250, 400]}


def figures(cost: float, missing: float, loading: float) -> dict[str, float | str]:
    return {
        "totals.currency": "EUR",
        "totals.bill_total": cost,
        "totals.missing_kwh": missing,
        "feeder.vm_min_pu": 1.0 - loading / 1500.0,
        "feeder.line_overload_kvah": 0.0,
        "transformers.T.max_loading_percent": loading,
        "transformers.T.overload_minutes": max(0.0, loading - 100.0),
        "transformers.T.overload_kvah": max(0.0, loading - 100.0),
    }


def study(folder: Path, axes: dict, seeds: list[int], *, failed=(), judge=None) -> Study:
    """A study with made-up results: dearer by ports, cheaper but short with llf."""
    out = Folder(folder)
    out.cases.mkdir(parents=True)
    names = [*axes, *(["seed"] if seeds else [])]
    cases = [
        {"case_id": f"{i:020x}", "axes": dict(zip(names, values, strict=True))}
        for i, values in enumerate(product(*axes.values(), *([seeds] if seeds else [])))
    ]
    for i, case in enumerate(cases):
        if i in failed:
            out.write_marker(CaseResult.failed(case["case_id"], "SimulationError: <b>no</b>"))
            continue
        asked = case["axes"]
        ports, llf = float(asked.get("n_ports", 10)), asked.get("policy") == "llf"
        made = figures(100.0 * ports - 50.0 * llf + asked.get("seed", 0), 5.0 * llf, 6.0 * ports)
        made = judge(made, asked) if judge else made
        out.run(case["case_id"]).write_bytes(b"")
        out.write_marker(CaseResult(case["case_id"], "done", made, path=f"cases/{case['case_id']}.h5"))
    out.study.write_text('name = "<i>made up</i>"\n')
    plan = {"name": "made <i>up</i>", "axes": axes, "seeds": seeds, "cases": cases}
    out.plan.write_text(json.dumps(plan))
    return open_study(folder)
