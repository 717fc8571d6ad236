"""`cosim tariff`: what is done with a tariff alone."""

import typer

tariff_app = typer.Typer(help="Show a tariff, or import one from elsewhere.", no_args_is_help=True)
