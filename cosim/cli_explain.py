"""`cosim explain RUN`: a run in plain words, from its own numbers."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cosim.explain import Explanation

NAMES = (
    "site, energy, duration, bill, car_costs, prices, event, rates, occupancy, soc, availability, "
    "transformer, loading_duration, heat, voltages, network"
)


def explain(
    run_file: Annotated[Path, typer.Argument(help="result file of a run (.h5)", show_default=False)],
    figure: Annotated[
        str | None, typer.Option(help=f"only one figure, as far as the run has it: {NAMES}")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="result file of a baseline run, to say what this one gains")
    ] = None,
    reword: Annotated[
        bool,
        typer.Option(
            "--reword",
            help="send the sentences to the language model of GRIDPARK_LLM_URL, GRIDPARK_LLM_MODEL "
            "(and GRIDPARK_LLM_KEY) for other words; without this nothing is sent",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Explain a run in plain words: bill, peak, cars left short, what limits the feeder."""
    from cosim.results.run import open_run

    base = None if against is None else open_run(against)
    explanation = open_run(run_file).explain(figure, base)
    text = _reworded(explanation) if reword else None
    if as_json:
        told = explanation.as_dict() | ({} if text is None else {"reworded": text})
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        typer.echo(text or explanation.text)


def _reworded(explanation: "Explanation") -> str | None:
    """The text in other words, or None and a warning where they cannot be used."""
    from cosim.explain.endpoint import EndpointError, from_environment
    from cosim.explain.reword import invented

    endpoint = from_environment()
    try:
        answer = endpoint.answer(explanation.text)
    except EndpointError as error:
        typer.echo(f"warning: not reworded: {error}", err=True)
        return None
    strange = invented(explanation, answer)
    if strange or not answer:
        what = f"numbers that are not the run's: {', '.join(strange)}" if strange else "nothing"
        typer.echo(f"warning: not reworded: the answer holds {what}", err=True)
        return None
    return answer
