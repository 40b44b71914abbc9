# SPDX-License-Identifier: Apache-2.0
"""python3 -m directed --out testbench/traces [--only SECTION/NAME]"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import ats_facts, bring_up_facts, cache_facts, choice_facts, command_facts, guest_facts  # noqa: F401
from . import host_facts, interrupt_facts, log_facts, register_facts, table_facts  # noqa: F401
from . import viommu_ats_facts, viommu_command_facts, viommu_device_facts, viommu_decision_facts  # noqa: F401
from . import viommu_log_facts  # noqa: F401
from . import viommu_log_register_choices, viommu_register_facts, viommu_ring_facts, viommu_map_command_choices  # noqa: F401
from . import viommu_setup_facts  # noqa: F401
from . import page_request_facts, range_facts  # noqa: F401
from . import posted_interrupt_facts  # noqa: F401
from . import ring_choice_facts  # noqa: F401
from . import command_effect_facts  # noqa: F401
from . import nested_facts  # noqa: F401
from . import ga_log_facts  # noqa: F401
from .fact import FACTS


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="directed", description=__doc__)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--only", default="", help="SECTION/NAME must contain this")
    args = parser.parse_args(argv)
    failed = 0
    for one in FACTS:
        path = args.out / ("stale" if one.stale else one.section) / f"{one.name}.trace"
        if args.only not in f"{one.section}/{one.name}":
            continue
        try:
            text = one.trace()
        except AssertionError as error:
            print(f"{one.section}/{one.name}: the golden model says otherwise: {error}", file=sys.stderr)
            failed += 1
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print(f"{len(FACTS) - failed} traces, {failed} not written")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
