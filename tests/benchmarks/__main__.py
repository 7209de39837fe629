"""`make bench`: every benchmark, or the one that is named."""

import importlib
import sys

from tests.benchmarks.report import Report

BENCHMARKS = (
    "allauth",
    "callbacks",
    "company",
    "export",
    "journal",
    "latency",
    "logins",
    "memory",
    "pages",
    "refresh",
    "workbook",
)


def main() -> None:
    wanted = sys.argv[1:] or BENCHMARKS
    for name in wanted:
        if name not in BENCHMARKS:
            sys.exit(f"there is no benchmark {name!r}: choose from {', '.join(BENCHMARKS)}")
        importlib.import_module(f"tests.benchmarks.{name}").run(Report())


main()
