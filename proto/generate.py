"""Writes `proto/gen` from the contracts: message classes, gRPC classes, a descriptor set with comments.

`python proto/generate.py` writes; with ``--check`` it only compares and says what is out of step.
"""

from __future__ import annotations

import argparse
import filecmp
import shutil
import sys
import tempfile
from importlib import resources
from pathlib import Path

from grpc_tools import protoc

PROTO = Path(__file__).parent
GENERATED = PROTO / "gen"
# The gateway reads paths, policies and comments from here: OpenAPI and /docs have no other source.
DESCRIPTOR_SET = "school/contracts.binpb"


def write_into(target: Path) -> None:
    """Generate everything into ``target``. Raises `SystemExit` when protoc refuses a file."""
    contracts = sorted(PROTO.glob("school/**/*.proto"))
    with_services = [path for path in contracts if "\nservice " in path.read_text("utf-8")]
    (target / "school").mkdir(parents=True, exist_ok=True)
    _run(contracts, f"--python_out={target}", f"--mypy_out=quiet:{target}")
    # A second pass, because files without a service would get empty stub modules.
    _run(with_services, f"--grpc_python_out={target}", f"--mypy_grpc_out=quiet:{target}")
    described = f"--descriptor_set_out={target / DESCRIPTOR_SET}"
    _run(contracts, "--include_imports", "--include_source_info", described)
    for package in (path for path in (target / "school").rglob("*") if path.is_dir()):
        (package / "py.typed").touch()


def _run(contracts: list[Path], *options: str) -> None:
    annotations = resources.files("google.api").joinpath("annotations.proto")
    site_packages = Path(str(annotations)).parents[2]
    well_known = resources.files("grpc_tools").joinpath("_proto")
    includes = [f"-I{PROTO}", f"-I{site_packages}", f"-I{well_known}"]
    # The plugins of this very environment, whether or not it is on the path.
    programs = Path(sys.executable).parent
    plugins = [f"--plugin={name}={programs / name}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")]
    if protoc.main(["protoc", *includes, *plugins, *options, *map(str, contracts)]) != 0:
        sys.exit("protoc refused the contracts")


def _differences(expected: Path, actual: Path) -> list[str]:
    files = [(root, path) for root in (expected, actual) for path in root.rglob("*") if path.is_file()]
    names = {path.relative_to(root) for root, path in files if "__pycache__" not in path.parts}
    return sorted(
        str(name)
        for name in names
        if not (expected / name).is_file()
        or not (actual / name).is_file()
        or not filecmp.cmp(expected / name, actual / name, shallow=False)
    )


def main() -> None:
    """Generate, or compare with ``--check``; exits 1 when the committed code is out of step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    only_check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        write_into(fresh)
        if only_check:
            stale = _differences(fresh, GENERATED)
            if stale:
                listed = "\n  ".join(stale)
                sys.exit(f"proto/gen is out of step with the contracts; run `make proto`:\n  {listed}")
            return
        shutil.rmtree(GENERATED, ignore_errors=True)
        shutil.copytree(fresh, GENERATED)


if __name__ == "__main__":
    main()
