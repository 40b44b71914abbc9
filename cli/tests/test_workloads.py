# SPDX-License-Identifier: Apache-2.0
"""Workloads of `amdvi run`: what follows from their parameters by arithmetic, and what must be more or less than what."""
import json
import math
import os
import subprocess
from pathlib import Path

import pytest

AMDVI = os.environ["AMDVI"]
FILES = Path(__file__).resolve().parents[2] / "testbench/studies/experiments"


def metrics(file: str, **settings: object) -> dict:
    """Of an experiment of the tree; `a__b` stands for `a.b`."""
    words = [word for name, value in settings.items() for word in ("--set", f"{name.replace('__', '.')}={value}")]
    done = subprocess.run([AMDVI, "run", str(FILES / file), *words, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["metrics"]


def nic(**settings: object) -> dict:
    return metrics("nic.yaml", **{"warm_up": 2000, "length": 10000} | settings)


def nvme(**settings: object) -> dict:
    return metrics("nvme.yaml", **{"warm_up": 500, "length": 5000} | settings)


@pytest.mark.parametrize("file", ["boot-storm.yaml", "noisy-neighbour.yaml", "migration.yaml"])
def test_all_that_come_by_ports_can_be_given_fewer(file):
    few = {"warm_up": 1, "length": 5, "time__l1__outstanding": 1}
    one, four = (metrics(file, workload__ports=ports, **few) for ports in (1, 4))
    assert one["latency_mean_ns"] > four["latency_mean_ns"]


def test_unmaps_meet_tables_of_any_depth_and_flush_every_domain():
    flat, deep = (metrics("strict.yaml", length=50, workload__host_levels=levels, device__caches="off") for levels in (3, 6))
    assert deep["table_reads_per_request"] == flat["table_reads_per_request"] + 3
    few, many = (metrics("strict.yaml", length=64, warm_up=0, workload__batch=8, workload__ranged="on", workload__domains=count)["commands"]
                 for count in (1, 5))
    assert (few, many) == (8 * (1 + 1), 8 * (5 + 1))  # of each batch: a command a domain, and the wait


# ---------------------------------------------------------------- network card


def test_strict_flushes_each_descriptor_and_lazy_each_250():
    strict, lazy = nic(workload__rate=20), nic(workload__rate=20, workload__mapping="lazy")
    assert abs(strict["flushes"] - 10000) < 100
    assert abs(lazy["flushes"] - 10000 / 250) <= 8
    assert nic(workload__mapping="static")["flushes"] == nic(workload__mapping="direct")["flushes"] == 0


def test_what_is_mapped_once_keeps_up_with_the_link_and_strict_does_not():
    rates = {way: nic(workload__mapping=way)["throughput_gbps"] for way in ("strict", "lazy", "static", "direct")}
    assert rates["strict"] < 0.9 * rates["lazy"] and rates["lazy"] <= rates["static"] * 1.01
    assert rates["static"] == pytest.approx(100, rel=0.01) and rates["direct"] == pytest.approx(100, rel=0.01)


def test_packets_are_received_or_dropped():
    m = nic(workload__processors=1, workload__descriptors=16)
    received = m["throughput_gbps"] / m["offered_gbps"]
    assert m["dropped_share"] > 0.5 and received + m["dropped_share"] == pytest.approx(1, abs=0.01)
    assert m["dropped_share"] == pytest.approx(m["dropped_no_descriptor_share"] + m["dropped_full_share"])


def test_one_processor_handles_as_many_packets_as_its_time_allows():
    m = nic(workload__mapping="static", workload__processors=1, workload__packet_cost=1000, warm_up=20000)
    assert m["packets_m_per_s"] == pytest.approx(1, rel=0.03) and m["processors_busy_share"] > 0.99


def test_descriptors_of_64_pages_with_one_range_are_flushed_64_times_less_often():
    m = nic(workload__descriptor_pages=64, workload__ranged="on", workload__rate=50, workload__descriptors=64)
    assert m["flushes"] == pytest.approx(10000 / 64, rel=0.1) and m["commands"] == pytest.approx(2 * m["flushes"], abs=8)
    assert m["throughput_gbps"] == pytest.approx(50, rel=0.01)


def test_a_mix_of_sizes_has_the_mean_of_its_parts():
    m = nic(workload__sizes="mix", workload__mapping="static", workload__rate=1)
    mean = (7 * 64 + 4 * 576 + 1500) / 12
    assert m["packets_m_per_s"] == pytest.approx(1e3 / 8 / mean, rel=0.03)


# ---------------------------------------------------------------- disks


def test_one_io_at_a_time_takes_what_its_parts_take():
    m = nvme(workload__mapping="static", workload__devices=1, workload__queue_depth=1, workload__processors=1)
    assert m["io_p50_ns"] == pytest.approx(2 * 1000 + 10000 + 2 * 1, abs=5)  # two hits in L1 besides the data's
    assert m["iops_k"] == pytest.approx(1e6 / m["io_mean_ns"], rel=0.01)


def test_the_lock_is_a_single_server():
    m = nvme(workload__lock_cost=5000)
    assert m["iops_k"] == pytest.approx(1e6 / 5000, rel=0.02)
    assert m["lock_wait_mean_ns"] > 5000


def test_more_iommus_take_more_flushes():
    one, four = (nvme(workload__devices=4, workload__processors=16, workload__iommus=n)["iops_k"] for n in (1, 4))
    assert four > 1.2 * one


def test_policies_stand_in_their_order():
    rates = [nvme(workload__mapping=way)["iops_k"] for way in ("strict", "lazy", "static", "direct")]
    assert rates[0] < rates[1] < rates[2] * 1.001 and rates[2] == pytest.approx(rates[3], rel=0.05)


# ---------------------------------------------------------------- tenants


@pytest.mark.parametrize("tenants", [1, 16, 128])
def test_a_link_carries_what_is_not_lost(tenants):
    m = metrics("tenants.yaml", workload__tenants=tenants, workload__outstanding=1, time__l1__entries=0, warm_up=1000, length=10000)
    assert m["throughput_gbps"] == pytest.approx((1 - m["lost_share"]) * 200, rel=0.01)
    assert m["least_of_mean_share"] > 0.9 and m["most_of_mean_share"] < 1.1


def test_tenants_that_no_cache_holds_are_slower():
    few, many = (metrics("tenants.yaml", workload__tenants=n, workload__outstanding=1, workload__full="wait", warm_up=8000,
                         length=10000)["throughput_gbps"] for n in (4, 2048))
    assert many < few / 3


# ---------------------------------------------------------------- guests


def test_a_boot_storm_takes_the_writes_of_its_maps():
    m = metrics("boot-storm.yaml", workload__guests=32, workload__processors=4)
    assert m["all_ready_ms"] == pytest.approx(32 / 4 * 2 * 65536 * 100 / 1e6, rel=0.01)
    bulk = metrics("boot-storm.yaml", workload__guests=32, workload__processors=4, workload__bulk="on")
    assert bulk["all_ready_ms"] == pytest.approx(32 / 4 * 24 * 65536 / 8 / 1e6, rel=0.05)


def test_many_guests_can_be_made():
    assert metrics("boot-storm.yaml", workload__guests=2000, workload__touches=1)["first_read_p50_ns"] > 0


def test_neighbours_feel_a_flood():
    calm, pages, domains = (metrics("noisy-neighbour.yaml", workload__attacker=a, warm_up=10, length=50)
                            for a in ("none", "pages", "domains"))
    assert calm["floods_k_per_s"] == 0 and pages["floods_k_per_s"] > 1
    assert calm["flush_p50_ns"] < pages["flush_p50_ns"] < domains["flush_p50_ns"]
    assert calm["l2a_stolen_share"] < pages["l2a_stolen_share"] < domains["l2a_stolen_share"]


@pytest.mark.parametrize("attacker", ["host", "faults"])
def test_other_attackers_run(attacker):
    assert metrics("noisy-neighbour.yaml", workload__attacker=attacker, warm_up=5, length=20)["flush_p50_ns"] > 0


# ---------------------------------------------------------------- devices in turn


def test_the_device_table_cache_holds_its_lines_and_no_more():
    few, many = (metrics("directory-sweep.yaml", workload__devices=n, device__dtc__log2_entries=7)["device_entry_misses_share"]
                 for n in (16, 1024))
    assert few < 0.02 and many > 0.95


# ---------------------------------------------------------------- a recording


def test_a_trace_is_played_at_each_pace():
    closed, opened, recorded, faster = (
        metrics("replay.yaml", workload__pace=pace, workload__stretch=stretch, length=1000000)
        for pace, stretch in (("closed", 1000), ("open", 1000), ("recorded", 1000), ("recorded", 10)))
    assert closed["trace_requests"] == opened["trace_requests"] == recorded["trace_requests"] > 20000
    assert closed["commands"] == opened["commands"] == recorded["commands"]
    assert opened["time_us"] < closed["time_us"] < faster["time_us"] < recorded["time_us"]
    assert recorded["time_us"] == pytest.approx(100 * faster["time_us"], rel=0.05)
    assert closed["latency_mean_ns"] < opened["latency_mean_ns"]


def test_one_at_once_is_a_closed_loop():
    closed, opened = (metrics("replay.yaml", workload__pace=pace, workload__outstanding=1, workload__ports=1, length=5000)
                      for pace in ("closed", "open"))
    assert closed["walked_share"] == pytest.approx(opened["walked_share"], abs=0.001)


@pytest.mark.parametrize(("settings", "message"), [
    (["workload.trace=/no/such.trace"], "/no/such.trace: cannot be opened"), (["workload.kind=nic"], "kind=nic has no such field")])
def test_a_trace_that_cannot_be_played(settings, message):
    words = [word for s in settings for word in ("--set", s)]
    done = subprocess.run([AMDVI, "run", str(FILES / "replay.yaml"), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and message in done.stderr and done.stdout == ""


# ---------------------------------------------------------------- guests that flush


def flushes(**settings: object) -> dict:
    return metrics("trapped-direct.yaml", **{"workload__processors": 1, "warm_up": 20, "length": 50} | settings)


def test_a_trap_alone_takes_what_its_parts_take():
    assert flushes()["trapped_mean_us"] == pytest.approx(1 + 3 + 1 + 2)
    assert flushes(time__trap__dispatch="0ns", time__trap__flush="500ns")["trapped_mean_us"] == pytest.approx(1 + 1 + 0.5)


def test_one_lock_serves_six_microseconds_each():
    m = flushes(workload__guests=64)
    assert m["trapped_flushes_k_per_s"] == pytest.approx(1e3 / 6, rel=0.01)
    assert m["trapped_host_processors_busy"] == pytest.approx(1, abs=0.02) and m["direct_host_processors_busy"] == 0


def test_locks_of_their_own_serve_each_guest():
    m = flushes(workload__guests=128, time__trap__lock="guest")
    assert m["trapped_mean_us"] == pytest.approx(7) and m["trapped_flushes_k_per_s"] > 128 / 0.22


def test_a_convoy_is_slower_than_a_lock():
    plain, convoy = (flushes(workload__guests=32, time__trap__lock=lock)["trapped_mean_us"] for lock in ("global", "convoy"))
    assert convoy > 2 * plain


def test_processors_of_a_guest_wait_for_its_ring():
    one, eight = (flushes(workload__processors=n, workload__period=2)["direct_mean_us"] for n in (1, 8))
    assert eight > 4 * one


def test_a_thousand_guests_flush_in_hardware():
    m = flushes(workload__guests=1000, length=2)
    assert m["direct_mean_us"] < m["trapped_mean_us"]


# ---------------------------------------------------------------- nested disks, migration, logs of page requests


def test_disks_of_a_nested_guest_read_more_tables_unless_they_are_mapped_once():
    host, nested = nvme(), nvme(workload__tables="nested")
    assert nested["table_reads_per_request"] > 2 * host["table_reads_per_request"] and nested["iops_k"] < host["iops_k"]
    assert nested["flushes"] == pytest.approx(host["flushes"], rel=0.01)
    assert nvme(workload__tables="nested", workload__mapping="static")["table_reads_per_request"] < 0.01


@pytest.mark.parametrize("ranged", ["off", "on"])
def test_a_sweep_finds_what_was_written_since_the_last_one(ranged):
    """Of 64 pages 16 random writes reach 64 (1 - (63 / 64)^16) = 14.3; a page that was written again and not flushed would be missing."""
    m = metrics("migration.yaml", length=100, workload__ranged=ranged)
    assert m["dirty_pages_mean"] == pytest.approx(64 * (1 - (63 / 64) ** 16), rel=0.05)
    assert metrics("migration.yaml", workload__ranged=ranged, device__walk__hardware_ad="off")["dirty_pages_mean"] == 0


def test_a_sweep_has_a_command_for_each_dirty_page_and_domain_or_for_each_domain():
    one = metrics("migration.yaml", workload__domains=10)
    assert one["commands"] == pytest.approx(10 * (10 * one["dirty_pages_mean"] + 1))
    assert metrics("migration.yaml", workload__domains=10, workload__ranged="on")["commands"] == 10 * (10 + 1)
    many = metrics("migration.yaml", length=1, workload__domains=4096)  # half of the ring takes 16,384, then there is a wait
    assert many["commands"] == 4096 * many["dirty_pages_mean"] + math.ceil(4096 * many["dirty_pages_mean"] / 16384)


def test_a_log_holds_one_entry_less_than_its_size_and_loses_the_rest():
    full = metrics("page-requests.yaml", workload__reaction=900, workload__period=10000)
    assert full["log_most_entries"] == 255 and full["lost_share"] == pytest.approx(1 - 255 / 400, rel=0.02)
    assert full["overflows_per_s"] == pytest.approx(100, rel=0.2)  # one a burst
    none = metrics("page-requests.yaml", workload__reaction=900, workload__period=10000, workload__log2_log=9)
    assert none["log_most_entries"] == 400 and none["lost_share"] == 0


def test_an_early_indicator_wakes_the_driver_less_often_and_in_time():
    first, early = (metrics("page-requests.yaml", workload__threshold=threshold) for threshold in (0, 200))
    assert first["lost_share"] == early["lost_share"] == 0 and early["wakes_per_thousand"] < first["wakes_per_thousand"] / 5
    assert 200 <= early["log_most_entries"] < 255 and early["answer_mean_ns"] > first["answer_mean_ns"]
