# SPDX-License-Identifier: Apache-2.0
"""headers.py OUT HEADER...: files that compile only if the public headers keep their promises.

    OUT/headers.cpp   every structure and enumeration is named as in C++, without its keyword
    OUT/examples.c    the examples in the headers' comments, each in a function of its own
    OUT/agree.c       public numbers are those that the library uses inside

Fails by itself when a header defines a name without the prefix, or one that belongs to QEMU's header of its own AMD
IOMMU: a device of QEMU includes both.
"""
from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAD = "// SPDX-License-Identifier: Apache-2.0\n"
# Families of macros in hw/i386/amd_iommu.h (QEMU 7.2 to 10.1): AMDVI_ and one of these.
QEMU = ("BASE_ADDR", "CAPAB_", "CMDBUF_", "CMD_", "COMMAND_", "COMPLETION_", "DEVID_", "DEVTAB_", "DEV_", "DTE_", "EVENT_",
        "EXT_", "FEATURE_", "GATS_", "HATS_", "ID_", "INT_ADDR_", "IOAPIC_", "IOTLB_", "IRTE_", "IR_", "MAX_", "MMIO_",
        "PAGE_", "PERM_")
# What stands around an example: arguments of its function.
AROUND = {
    "ivrs.h": "struct amdvi_config *config",
    "layout.h": "const uint64_t *words",
    "lint.h": "struct amdvi_device *device, uint64_t line, uint64_t ns, uint64_t spa, const void *bytes, uint64_t length",
    "live.h": "struct amdvi_live_page *page, struct amdvi_device *device, struct amdvi_lint *lint, uint64_t ns",
    "recorder.h": "struct amdvi_config *config, FILE *file, struct amdvi_memory memory, struct amdvi_callbacks callbacks, "
                  "struct amdvi_device *device",
    "replay.h": "const char *path, struct amdvi_trace_reader *reader, struct amdvi_trace_record record",
    "trace.h": "const char *path, void (*use)(const struct amdvi_trace_record *)",
}
# Calls that were named like their structure before C++ was thought of: there the structure needs its keyword. No more.
SHARED = {"amdvi_inject_count", "amdvi_lint_mark", "amdvi_lint_statistics", "amdvi_page_request", "amdvi_replay_counts",
          "amdvi_trace_import_counts", "amdvi_trace_info", "amdvi_trace_kind_info"}
NO_CODE = ("inject.h",)  # its examples are plans of faults, not C


def includes(headers: list[Path]) -> str:
    return "".join(f'#include "amdvi/{header.name}"\n' for header in headers)


def cpp(headers: list[Path]) -> str:
    kinds = re.compile(r"^(struct|enum) (amdvi_\w+) \{", re.MULTILINE)
    found = sorted({name for header in headers for _, name in kinds.findall(header.read_text())})
    names = [f"struct {name}" if name in SHARED else name for name in found]
    lines = "".join(f"    {name} v{number}{{}};\n    (void)v{number};\n" for number, name in enumerate(names))
    return f"{HEAD}{includes(headers)}int main()\n{{\n{lines}    return 0;\n}}\n"


def example(text: str) -> str | None:
    """Between @code and @endcode, or what is indented by five columns, of a header's first long comment."""
    comment = text[text.index("/*"):text.index("*/")]
    marked = re.search(r"@code\n(.*?)@endcode", comment, re.DOTALL)
    lines = (marked[1] if marked else comment).splitlines()
    code = [line.removeprefix(" *") for line in lines if marked or line.startswith(" *     ")]
    return "\n".join(code) if code else None


def examples(headers: list[Path]) -> str:
    functions = []
    for header in headers:
        code = example(header.read_text(encoding="utf-8"))
        if header.name in AROUND:
            assert code, f"{header.name} has lost its example"
            name = header.stem
            functions.append(f"void {name}_example({AROUND[header.name]});\nvoid {name}_example({AROUND[header.name]})\n"
                             f'{{\n#line 1 "example of {header.name}"\n{code}\n}}\n')
        elif code and header.name not in NO_CODE:
            sys.exit(f"{header.name}: an example that AROUND does not know")
    return f"{HEAD}#include <stdio.h>\n#include <stdlib.h>\n{includes(headers)}{''.join(functions)}"


def agree() -> str:
    reasons = re.findall(r"^    (REASON_\w+)", (ROOT / "tables/reason.h").read_text(), re.MULTILINE)
    public = (ROOT / "model/include/amdvi/reasons.h").read_text()
    events = re.findall(r"\bAMDVI_(EVT_\w+) =", public)
    last = max(int(value) for value in re.findall(r"AMDVI_REASON_\w+ = (\d+)", public))
    names = [name for name in reasons if name != "REASON_COUNT"] + events
    lines = [f'_Static_assert((int)AMDVI_{name} == (int){name}, "{name}");\n' for name in names]
    lines.append(f'_Static_assert(REASON_COUNT == {last + 1}, "every public reason is one of the library\'s");\n')
    return f'{HEAD}#include "amdvi/amdvi.h"\n#include "cmdbuf/layout.h"\n#include "tables/reason.h"\n{"".join(lines)}'


def strangers(header: Path) -> list[str]:
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", header.read_text(encoding="utf-8"), flags=re.DOTALL)
    macros = re.findall(r"^#define (\w+)", text, re.MULTILINE)
    foreign = [name for name in macros if not name.startswith("AMDVI_")]
    taken = [name for name in re.findall(r"\bAMDVI_\w+", text) if name.removeprefix("AMDVI_").startswith(QEMU)]
    return foreign + taken


def main() -> int:
    out, headers = Path(sys.argv[1]), sorted((Path(name) for name in sys.argv[2:]), key=lambda path: path.name)
    bad = {header.name: names for header in headers if (names := strangers(header))}
    for header, names in bad.items():
        print(f"{header}: names that are not ours: {' '.join(names)}")
    out.mkdir(parents=True, exist_ok=True)
    for name, text in (("headers.cpp", cpp(headers)), ("examples.c", examples(headers)), ("agree.c", agree())):
        (out / name).write_text(text, encoding="utf-8")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
