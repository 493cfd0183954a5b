"""Measure core and addon side by side, on local mail servers with a line of a known round trip before them.

Started by `dev/o365 bench`, which makes the databases and names them in the environment.
"""
from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "tests")]

import machine  # noqa: E402  (needs the path above)
import page  # noqa: E402
from benches import BENCHES  # noqa: E402
from jobs import postgresql_version  # noqa: E402
from lab import Incomplete, Lab  # noqa: E402
from results import Result, table  # noqa: E402
from workers import WorkerDied, WorkerFailed  # noqa: E402


def main() -> int:
    """Run the benches; return 0 if they could run, whatever they found."""
    parser = argparse.ArgumentParser(prog="dev/o365 bench", description=__doc__.partition("\n")[0])
    parser.add_argument("name", nargs="*", choices=[*BENCHES, []], help=f"one or more of {', '.join(BENCHES)}; all by default")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each is measured (default: 3)")
    parser.add_argument("--write", action="store_true", help="write what was measured into docs/benchmarks.md as well")
    parser.add_argument("--profile", metavar="FOLDER", help="keep profiles there, for pstats; makes the times useless")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.setswitchinterval(0.0002)  # servers and line are threads here: the usual 5 ms would be a round trip of their own
    names = [name for name in BENCHES if name in (options.name or BENCHES)]
    try:
        with Lab() as lab:
            if options.profile:
                Path(options.profile).mkdir(parents=True, exist_ok=True)
            lab.profile = options.profile
            facts = machine.describe(lab.ask(lab.addon, postgresql_version))
            results = [result for name in names for result in _measure(name, lab, options.rounds)]
    except (Incomplete, WorkerDied, WorkerFailed) as error:
        print(f"dev/o365 bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if options.json:
        print(json.dumps({"machine": facts, "results": [result.as_json() for result in results]}, indent=2))
    else:
        print(f"\n{machine.line(facts)}\n\n{table(results)}")
    if options.write:
        target = REPOSITORY / "docs" / "benchmarks.md"
        target.write_text(
            page.written(target.read_text(encoding="utf-8"), results, f"{options.rounds} rounds, on {machine.line(facts)}", list(BENCHES)),
            encoding="utf-8")
        print(f"Written: {target.relative_to(REPOSITORY)}", file=sys.stderr)
    return 0


def _measure(name: str, lab: Lab, rounds: int) -> list[Result]:
    print(f"{name}: {BENCHES[name].__doc__.partition(chr(10))[0]}", file=sys.stderr, flush=True)
    return list(BENCHES[name](lab, rounds))


if __name__ == "__main__":
    sys.exit(main())
