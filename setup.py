"""What pyproject.toml cannot say: the wheel carries the example scenarios, as the folder cosim/starter."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.h5", "*.log.json", "results", ".ipynb_checkpoints")


class BuildWithStarter(build_py):
    """Packages, then the scenarios with their data and the notice that names whom to cite."""

    def run(self) -> None:
        """Build; an editable install reads the scenarios of the checkout and needs no copy."""
        super().run()
        if self.editable_mode:
            return
        starter = Path(self.build_lib, "cosim", "starter")
        shutil.rmtree(starter, ignore_errors=True)
        shutil.copytree(ROOT / "scenarios", starter, ignore=LEFT_OUT)
        shutil.copy(ROOT / "NOTICE", starter)


setup(cmdclass={"build_py": BuildWithStarter})
