# SPDX-License-Identifier: Apache-2.0
"""amdvi import of each kind of source; what came of it is asked of inspect and explain."""
import os
import re
import struct
import subprocess
import sys
import tarfile

import pytest
from conftest import AMDVI, DTE, EVENTS, PAGES, REGISTERS, ROOT, SAMPLE, TABLE, TYPES, UNIT, UNIT_ADDRESS, archive, core_file, kernel_memory, mmio_text

from amdvi_machine import errors, source

DEVTBL = "DeviceId QWORD[3] QWORD[2] QWORD[1] QWORD[0] iommu\n0000:00:04.0 {3:016x} {2:016x} {1:016x} {0:016x} iommu0\n".format(*DTE)
IRQTBL = "DeviceId 0000:00:04.0\nIRT[0001] 0000000000000031 0000000100000001\n\n"


@pytest.fixture
def imported(amdvi, tmp_path):
    """Imports sources and gives the trace's path and what was told."""
    def run(*arguments):
        done = amdvi("import", *arguments, "-o", tmp_path / "out.trace")
        assert done.returncode == 0, done.stderr
        return tmp_path / "out.trace", done.stderr
    return run


def explained(amdvi, trace, address, device="00:04.0", op="read"):
    return amdvi("explain", trace, "--dev", device, "--addr", address, "--op", op, "-n").stdout


def test_core_file_and_where_its_kernel_keeps_things(amdvi, imported, tmp_path):
    (tmp_path / "core").write_bytes(core_file(PAGES))
    (tmp_path / "unit").write_text(UNIT)
    trace, told = imported(tmp_path / "core", tmp_path / "unit")
    assert "result: ok, pa 0x1234010, perm rw, page size 4 KiB" in explained(amdvi, trace, "0xffffe010")
    assert "fault" in explained(amdvi, trace, "0xfffff000", op="write") and "pa 0x5678000, perm r," in explained(amdvi, trace, "0xfffff000")
    irt = amdvi("inspect", trace, "--irt", "00:04.0").stdout
    assert re.search(r"1 at 0x204010: RemapEn=1.*Vector=0x31", irt)
    assert "register control: not in the sources" in told and "1 valid entries" in told


@pytest.mark.parametrize("form", ["--text", "--binary"])
def test_output_goes_where_the_name_leads(amdvi, tmp_path, form):
    """A pipe stays a pipe, as a device does, and a link a link; no source is replaced."""
    core, pipe, link = tmp_path / "core", tmp_path / "pipe", tmp_path / "link"
    source = (core, "--register", f"devtab_base={TABLE | 1:x}", "-q", form)
    core.write_bytes(core_file(PAGES))
    os.mkfifo(pipe)
    link.symlink_to("trace")
    (tmp_path / "trace").touch()
    reader = os.open(pipe, os.O_RDWR)  # so that the pipe is open, and keeps what it got
    os.set_blocking(reader, False)
    assert amdvi("import", *source, "-o", pipe).returncode == 0 and pipe.is_fifo()
    piped = os.read(reader, 1 << 16)
    assert amdvi("import", *source, "-o", link).returncode == 0 and link.is_symlink()
    assert (tmp_path / "trace").read_bytes()[:len(piped)] == piped and len(piped) > 500
    os.close(reader)
    link.unlink()
    link.symlink_to(core)
    done = amdvi("import", *source, "-o", link)
    assert (done.returncode, done.stderr) == (2, "amdvi import: input and output are the same file\n")
    assert core.read_bytes() == core_file(PAGES) and amdvi("import", *source, "-o", tmp_path).returncode == 2


def test_what_holds_nothing_of_an_iommu_is_refused(amdvi, tmp_path):
    """Else an empty folder became the trace of an empty machine. Files are named as they lie there."""
    folder, out = tmp_path / "empty", tmp_path / "out"
    folder.mkdir()
    (tmp_path / "note").write_text("holidays\n")
    with tarfile.open(tmp_path / "other.tar", "w") as other:
        other.add(tmp_path / "note", "note")
    (tmp_path / "cut.tar.gz").write_bytes(b"\x1f\x8b" + bytes(20))
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/note").write_text("holidays\n")
    for name, said in (("empty", "empty: nothing of an IOMMU is in it: "), ("other.tar", "other.tar: nothing of an IOMMU is in it: "),
                       ("cut.tar.gz", "cut.tar.gz: archive: it is none that tar knows"), ("notes", "notes/note:1: 'holidays' is no line of ")):
        done = amdvi("import", tmp_path / name, "-o", out)
        assert done.returncode == 2 and done.stderr.startswith(f"{tmp_path}/{said}") and done.stderr.count("\n") == 1, done.stderr
    assert not out.exists()


def test_a_place_that_is_full_is_named_once(amdvi, tmp_path):
    (tmp_path / "core").write_bytes(core_file(PAGES))
    source = ("import", tmp_path / "core", "--register", f"devtab_base={TABLE | 1:x}", "-q", "-o", "/dev/full")
    for words in (source, (*source, "--binary"), ("import", "--collector", "/dev/full")):
        done = amdvi(*words)
        assert done.returncode == 2 and re.fullmatch(r".*/dev/full.*: No space left on device\n", done.stderr), done.stderr


def test_a_folder_that_takes_no_trace_is_told_by_the_traces_name(amdvi, tmp_path):
    """The file in which it becomes whole is nobody's business."""
    (tmp_path / "core").write_bytes(core_file(PAGES))
    done = amdvi("import", tmp_path / "core", "--register", f"devtab_base={TABLE | 1:x}", "-q", "-o", tmp_path / "no/out")
    assert (done.returncode, done.stderr) == (2, f"{tmp_path}/no/out: No such file or directory\n")


def test_a_report_that_nobody_hears_is_no_mistake(tmp_path):
    """Messages closed: the trace is there, and nothing else is in it."""
    (tmp_path / "core").write_bytes(core_file(PAGES))
    command = f"'{AMDVI}' import '{tmp_path}/core' --register devtab_base={TABLE | 1:x} -o - 2>&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.startswith("amdvi-trace 1\n") and "valid entries" not in done.stdout


def test_core_file_and_registers_by_hand(amdvi, imported, tmp_path):
    (tmp_path / "core").write_bytes(core_file(PAGES))
    trace, _ = imported(tmp_path / "core", "--register", f"devtab_base={TABLE | 1:x}", "--register=efr=29d3")
    assert "pa 0x1234010" in explained(amdvi, trace, "0xffffe010")


def test_crash_dump_with_symbols_and_types(amdvi, imported, tmp_path):
    """The list's head lies in the kernel's image, which was moved by 0x1200000; the dump's note says so."""
    info = b"KERNELOFFSET=1200000\nPAGESIZE=4096\n"
    note = struct.pack("<III", 11, len(info), 0) + b"VMCOREINFO\0\0" + info + bytes(-len(info) % 4)
    memory, moved = kernel_memory(), 0xFFFFFFFF81600000
    memory[0x402000] = struct.pack("<2Q", UNIT_ADDRESS, UNIT_ADDRESS)
    memory[0x400000] = struct.pack("<2Q", moved, moved) + memory[0x400000][16:]
    (tmp_path / "vmcore").write_bytes(core_file(memory, note=note, places={0x402000: moved}))
    (tmp_path / "System.map").write_text(f"{moved - 0x1200000:016x} d amd_iommu_list\n")
    (tmp_path / "types").write_bytes(TYPES)
    trace, _ = imported(tmp_path / "vmcore", "--symbols", tmp_path / "System.map", "--types", tmp_path / "types")
    assert "pa 0x1234010, perm rw" in explained(amdvi, trace, "0xffffe010")
    (tmp_path / "System.map").write_text(f"{moved - 0x1300000:016x} d amd_iommu_list\n")
    wrong = amdvi("import", tmp_path / "vmcore", "--symbols", tmp_path / "System.map", "--types", tmp_path / "types", "-o", trace)
    assert wrong.returncode == 2 and "System.map: amd_iommu_list: virtual address 0xffffffff81500000 is not in" in wrong.stderr


def debugfs_files():
    return {"iommu00/mmio": mmio_text(REGISTERS), "iommu00/capability": "Offset:0x0 Value:0x1f03000f\n",
            "iommu00/cmdbuf": "CMD Buffer Head Offset:1 Tail Offset:1\n  0: 00000020 20000000 00000000 00000000\n",
            "devtbl": DEVTBL, "irqtbl": IRQTBL, "devid": "0000:00:04.0\n"}


def test_a_copy_of_debugfs(amdvi, imported, tmp_path):
    for name, text in debugfs_files().items():
        path = tmp_path / "amd" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    trace, told = imported(tmp_path / "amd")
    shown = amdvi("inspect", trace).stdout
    assert "00:04.0 at 0x100400: V=1 TV=1 Mode=LEVEL3 Host root=0x201000 IR=1 IW=1 DomainID=7 IV=1" in shown
    assert "command ring: enabled, base 0x300000, 512 entries, head 0x10, tail 0x10" in shown
    assert "0x0000000000021405  Control register" in shown and "0x00000000000029d3  Extended feature" in shown
    assert "Vector=0x31" in amdvi("inspect", trace, "--irt", "00:04.0").stdout
    assert "debugfs shows no page tables" in told and "# not known: debugfs shows no page tables" in trace.read_text()
    assert "memory is not in this source" in amdvi("replay", trace).stdout


def test_debugfs_files_one_by_one(amdvi, imported, tmp_path):
    paths = []
    for name, text in debugfs_files().items():
        if name != "devid":
            paths.append(tmp_path / name.replace("/", "."))
            paths[-1].write_text(text)
    trace, _ = imported(*paths)
    assert "DomainID=7" in amdvi("inspect", trace, "-d").stdout


def test_interrupt_tables_of_32_bit_entries(amdvi, imported, tmp_path):
    (tmp_path / "d").write_text(DEVTBL + "DeviceId 0000:00:04.0\nIRT[0003] 00260141\n")
    trace, _ = imported(tmp_path / "d", "--register", "control=1405")
    assert re.search(r"3 at 0x20400c: RemapEn=1.*Vector=0x26", amdvi("inspect", trace, "--irt", "00:04.0").stdout)


def test_several_iommus(amdvi, imported, tmp_path):
    other = DEVTBL.replace("00:04.0", "40:04.0").replace("iommu0", "iommu1")
    files = {"collection": "amdvi-collection 1\nrelease=6.17\n", "debugfs/iommu00/mmio": mmio_text(REGISTERS),
             "debugfs/iommu01/mmio": mmio_text({**REGISTERS, 0x0: 0x900000 | 0x1FF}), "debugfs/devtbl": DEVTBL + other}
    (tmp_path / "c.tar").write_bytes(archive({name: text.encode() for name, text in files.items()}))
    trace, told = imported(tmp_path / "c.tar")
    assert "--iommu 1 makes a trace of another one" in told and "00:04.0 at" in amdvi("inspect", trace, "-d").stdout
    trace, _ = imported(tmp_path / "c.tar", "--iommu", "1")
    assert "40:04.0 at 0x980400" in amdvi("inspect", trace, "-d").stdout
    wrong = amdvi("import", tmp_path / "c.tar", "--iommu", "7", "-o", trace)
    assert wrong.returncode == 2 and "there is no IOMMU 7; there are: 0 1" in wrong.stderr


def test_events_alone(amdvi, imported):
    trace, told = imported(EVENTS)
    assert "result: ok, pa 0x1fe44123, perm rw, page size 8 KiB" in explained(amdvi, trace, "0xffffe123")
    assert "fault" in explained(amdvi, trace, "0xffffa000")  # mapped, and unmapped again
    assert "are put into it (00:04.0)" in told and "12 commands, 8 maps, 6 unmaps" in told


@pytest.mark.parametrize("source", [EVENTS, SAMPLE, ROOT / "traces/samples/linux61-lazy.capture.txt.zst"])
def test_a_pipe_is_imported_like_a_file(amdvi, imported, tmp_path, source):
    trace, _told = imported(source)
    with subprocess.Popen(["cat", source], stdout=subprocess.PIPE) as writer:
        done = amdvi("import", "-", "-o", tmp_path / "piped.trace", stdin=writer.stdout)
    assert done.returncode == 0, done.stderr
    lines = [[line for line in path.read_bytes().splitlines() if b"imported by amdvi import from" not in line]
             for path in (trace, tmp_path / "piped.trace")]
    assert lines[0] == lines[1] and len(lines[0]) > 50


def test_standard_input_is_one_file(amdvi, tmp_path):
    """Else each event would be there twice."""
    with EVENTS.open("rb") as file:
        done = amdvi("import", "-", "-", "-o", tmp_path / "out", stdin=file)
    assert done.returncode == 2 and "named once" in done.stderr and not (tmp_path / "out").exists()


def test_events_out_of_zstd(amdvi, imported, tmp_path):
    packed = tmp_path / "events.zst"
    subprocess.run(["zstd", "-q", EVENTS, "-o", packed], check=True)
    trace, told = imported(packed)
    assert "12 commands, 8 maps, 6 unmaps" in told and "result: ok, pa 0x1fe44123" in explained(amdvi, trace, "0xffffe123")
    broken = tmp_path / "broken.zst"
    broken.write_bytes(packed.read_bytes()[:-40])
    done = amdvi("import", broken, "--iommu", "0", "-o", tmp_path / "out")
    assert done.returncode == 2 and "broken.zst: zstd cannot read it" in done.stderr


def test_texts_that_are_too_long_are_refused_and_not_cut(monkeypatch, tmp_path):
    monkeypatch.setattr(source, "MOST_TEXT", 1 << 20)
    text = EVENTS.read_text(encoding="ascii")
    long, packed = tmp_path / "long", tmp_path / "long.zst"
    long.write_text(text + "# more\n" * (1 << 18), encoding="ascii")
    subprocess.run(["zstd", "-q", long, "-o", packed], check=True)
    (tmp_path / "core").write_bytes(core_file(PAGES))
    folder = tmp_path / "folder/iommu00"
    folder.mkdir(parents=True)
    (folder / "mmio").write_bytes(long.read_bytes())
    for path in (long, packed, tmp_path / "folder"):
        with pytest.raises(errors.SourceError, match=f"^{path}.*: more than 1 MiB of text"):
            source.add(str(path), source.Machine())
    machine = source.Machine()
    source.add(str(tmp_path / "core"), machine)
    with pytest.raises(errors.SourceError, match=f"^{long}: more than 1 MiB"):
        source.kernel_facts(machine, str(long), str(long))


def test_files_that_say_no_size_are_read(monkeypatch, tmp_path):
    """As those of debugfs itself."""
    (tmp_path / "iommu00").mkdir()
    (tmp_path / "iommu00/mmio").write_text(mmio_text(REGISTERS))
    monkeypatch.setattr(os.path, "getsize", lambda path: 0)
    machine = source.Machine()
    source.add(str(tmp_path), machine)
    assert machine.units[0].dump.registers == REGISTERS


def test_a_mistake_in_a_pipe_names_its_line(amdvi, tmp_path):
    text = tmp_path / "dump"
    text.write_text("Offset:0x18 Value:nothing\n", encoding="ascii")
    with subprocess.Popen(["cat", text], stdout=subprocess.PIPE) as writer:
        done = amdvi("import", "-", "-o", tmp_path / "out", stdin=writer.stdout)
    assert done.returncode == 2 and done.stderr.startswith("-:1: "), done.stderr


def test_tracepoints_alone_a_fault_and_a_lost_stretch(amdvi, imported, tmp_path):
    text = "# tracer: nop\n" + "".join(f"  t-1 [000] .... {time}: {rest}\n" for time, rest in (
        ("1.000000", "map: IOMMU: iova=0x0000000000200000 - 0x0000000000204000 paddr=0x0000000000800000 size=16384"),
        ("2.000000", "io_page_fault: IOMMU:nvme 0000:00:05.0 iova=0x0000000000208000 flags=0x0001"),
        ("3.000000", "unmap: IOMMU: iova=0x0000000000201000 - 0x0000000000202000 size=4096 unmapped_size=4096")))
    (tmp_path / "t").write_text(text + "CPU:0 [LOST 7 EVENTS]\n")
    trace, told = imported(tmp_path / "t")
    line = next(number for number, line in enumerate(trace.read_text().splitlines(), 1) if line.startswith("dma"))
    shown = amdvi("explain", trace, "--line", line, "-n").stdout
    assert "dev=0x28 addr=0x208000" in shown and "IO_PAGE_FAULT" in shown
    assert "pa 0x803000" in explained(amdvi, trace, "0x203000", "00:05.0")
    assert "fault" in explained(amdvi, trace, "0x201000", "00:05.0")
    assert "7 events were lost" in told and "tracepoints name no domain" in told


def test_attaches_by_address_of_the_domain(amdvi, imported, tmp_path):
    """Two domains; the operations of each lie a little behind the address that the attach names."""
    rows = ['iommu_attach: (f) domain=0xffff000000001010 dev="0000:00:04.0"', 'iommu_attach: (f) domain=0xffff000000002010 dev="0000:00:05.0"',
            "iommu_pt_map: (f) ops=0xffff000000001090 iova=0x1000 paddr=0x4000 pgsize=0x1000 pgcount=1 prot=0x1",
            "iommu_pt_map: (f) ops=0xffff000000002090 iova=0x1000 paddr=0x5000 pgsize=0x1000 pgcount=1 prot=0x3"]
    (tmp_path / "t").write_text("".join(f" t-1 [000] .... {index}.000000: {row}\n" for index, row in enumerate(rows)))
    trace, _ = imported(tmp_path / "t")
    assert "pa 0x4000, perm r," in explained(amdvi, trace, "0x1000") and "pa 0x5000" in explained(amdvi, trace, "0x1000", "00:05.0")


def test_a_fault_of_the_kernels_log(amdvi, imported, tmp_path):
    log = "[1.0] nvme 0000:00:04.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x0007 address=0xfffff010 flags=0x0020]\n" \
          "[2.0] AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:00:04.0 domain=0x0007 address=0xffffd000 flags=0x0000]\n"
    files = {"collection": b"amdvi-collection 1\n", "memory.core": core_file(PAGES), "kernel/iommu0": UNIT.split("\n", 1)[1].encode(),
             "dmesg": log.encode()}
    (tmp_path / "c.tar").write_bytes(archive(files))
    trace, told = imported(tmp_path / "c.tar")
    lines = [(number, line) for number, line in enumerate(trace.read_text().splitlines(), 1) if line.startswith("dma")]
    assert [line for _, line in lines] == ["dma dev=0x20 addr=0xfffff010 len=0x1 op=write", "dma dev=0x20 addr=0xffffd000 len=0x1 op=read"]
    assert "fault" in amdvi("explain", trace, "--line", lines[0][0], "-n").stdout and "2 page faults" in told


def test_the_sample_of_a_stock_kernel(amdvi, imported, tmp_path):
    """Debian's 6.12 in a virtual machine with another IOMMU; the events lead to what the second look at memory shows."""
    trace, told = imported(SAMPLE)
    alike = re.search(r"(\d+) mappings are those of a second look at memory, (\d+) are not", told)
    assert alike and int(alike[1]) > 100 and int(alike[2]) == 0
    played = amdvi("replay", trace).stdout
    commands = re.search(r"events: (\d+) commands", told)[1]
    assert f"commands {commands}, invalidations " in played and "events 0 (0 lost)" in played
    tables = amdvi("inspect", trace, "-t", "00:05.0").stdout
    assert "host table at SPA" in tables and "pages of 64 KiB" in tables
    binary = tmp_path / "out.atb"
    assert amdvi("import", SAMPLE, "-o", binary, "-q").returncode == 0
    assert amdvi("inspect", binary, "-t", "00:05.0").stdout.splitlines()[1:] == tables.splitlines()[1:]


def test_the_events_of_the_sample_matter(tmp_path, imported):
    """Without the unmaps the comparison says so."""
    with tarfile.open(SAMPLE) as tar:
        files = {member.name: tar.extractfile(member).read() for member in tar}
    lines = files["events"].decode().splitlines(keepends=True)
    files["events"] = "".join(line for line in lines if "unmap:" not in line).encode()
    (tmp_path / "c.tar").write_bytes(archive(files))
    _, told = imported(tmp_path / "c.tar")
    assert not re.search(r" 0 are not", told)


@pytest.mark.parametrize("name, data, told", [
    ("mmio", b"Offset:0x18 Value:0x12\n", "mmio:1: Value: '12' has neither"),
    ("core", b"\x7fELF\x02\x01\x01" + bytes(20), "core: ELF header: the file ends at"),
    ("c.tar", archive({"collection": b"amdvi-collection 9\n"}), "c.tar/collection:1: not 'amdvi-collection 1'"),
    ("c.tar", archive({"kernel/iommu0": b"cmd_buf=7\n"}), "c.tar/kernel/iommu0:1: 'cmd_buf=7' is no NAME=0xVALUE"),
    ("c.tar", archive({"sysfs/ivhd0/features": b"12\n"}), "c.tar/sysfs/ivhd0/features:1: features: "),
    ("c.tar", archive({"dmesg": b"a\nb\0"}), "c.tar/dmesg:2: a zero byte"),
    ("unit", b"amdvi-unit 1\ndevice_table=0x100000\nbad\n", "unit:3: 'bad' is no NAME=0xVALUE"),
    ("c.tar", archive({"memory.core": b"\x7fELF"}), "c.tar/memory.core: ELF header"),
    ("c.tar.gz", b"\x1f\x8b" + bytes(30), "c.tar.gz: archive: "),
    ("t", b" t-1 [000] .... 1.000000: iommu_pt_map: (f) iova=0x1000 paddr=0x1000 pgsize=0x1800 pgcount=1 prot=3\n",
     "events:1: iommu_pt_map: pgsize 0x1800 is no page size"),
    ("t", b" t-1 [000] .... 1.000000: iommu_pt_map: (f) iova=0x1000 paddr=0x1000 pgsize=0x40000000 pgcount=9999999999 prot=3\n",
     "events:1: iommu_pt_map: iova 0x1000 and"),
])
def test_mistakes_name_file_line_and_field(amdvi, tmp_path, name, data, told):
    (tmp_path / name).write_bytes(data)
    done = amdvi("import", tmp_path / name, "-o", tmp_path / "out")
    assert done.returncode == 2 and f"{told}" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_command_lines_that_are_wrong(amdvi, tmp_path):
    (tmp_path / "core").write_bytes(core_file(PAGES))
    for arguments, told in (([tmp_path / "core", "--max-pages", "-5"], "--max-pages"), ([tmp_path / "core", "--iommu", "x"], "--iommu"),
                            ([tmp_path / "core", "--register", "cr3=1"], "'cr3' is none of"), ([tmp_path / "core", "--symbols", "x"], "takes --types"),
                            ([tmp_path / "none.tar", tmp_path / "core"], "none.tar: No such file")):
        done = amdvi("import", *arguments, "-o", tmp_path / "out")
        assert done.returncode == 2 and told in done.stderr, done.stderr


def test_the_collector_is_one_file_that_runs_anywhere(amdvi, tmp_path):
    """On a machine without the hardware it says what is not there; what it brings can be imported all the same."""
    collector = tmp_path / "collect.pyz"
    assert amdvi("import", "--collector", collector).returncode == 0
    done = subprocess.run([sys.executable, str(collector), "-o", "c.tar.gz", "--no-memory"], cwd=tmp_path, capture_output=True, text=True,
                          check=False, env={"PATH": os.environ["PATH"]})
    assert done.returncode in (0, 1), done.stderr
    if not os.path.isdir("/sys/class/iommu/ivhd0"):
        assert "not collected: sysfs: no /sys/class/iommu/ivhd*" in done.stderr
    done = amdvi("import", tmp_path / "c.tar.gz", "-o", tmp_path / "out.trace")
    assert done.returncode == 0 and struct.calcsize("Q") == 8, done.stderr
