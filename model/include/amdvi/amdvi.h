// SPDX-License-Identifier: Apache-2.0
/*
 * amdvi: a model of the AMD IOMMU.
 *
 * A device is a context object. It owns no thread and no file, keeps no state outside itself, and calls
 * its surroundings only through the callbacks that it was given. Any number of devices live in one
 * process; calls on different devices may run at the same time, calls on one device must not.
 *
 * Units and names: addresses are bytes; SPA system physical, GPA guest physical, IOVA the address in a
 * request; DeviceID is PCI bus[15:8] device[7:3] function[2:0]; sections in brackets are those of the
 * project's reference of the architecture (docs/reference).
 *
 * What the library calls (memory, callbacks, observers) runs in the middle of an operation. It may call what
 * takes a `const struct amdvi_device *`, apart from amdvi_save() and amdvi_guest_save(), what takes no
 * device, and anything on another device; all other calls on the same device give AMDVI_ERR_BUSY and do
 * nothing, amdvi_destroy() included. What they want to do they do when the call that called them has
 * returned. Allocators call no device.
 *
 * This header has everything that a program needs; its parts, in the order in which to read them, are
 *   status.h         what every call answers
 *   configuration.h  keys and values, from which devices are made
 *   surroundings.h   what a device calls: memory, callbacks, an allocator
 *   devices.h        the life of a device: made, programmed, run, saved
 *   requests.h       DMA, ATS, interrupts, page requests
 *   viommu.h         guests on a hardware vIOMMU
 *   observe.h        being told what a device does
 *   inspect.h        counters, logs, tables and caches from outside
 * Other headers of this folder have what fewer programs need: they include this one.
 *
 * Every call returns a status. A status other than AMDVI_OK means that the call changed nothing, unless
 * its description says otherwise. Architectural faults are results, not statuses.
 *
 * Stability. While the major version is 0, a new minor version may change anything, and its notes say so; a
 * new patch version changes neither the API nor the ABI. From 1.0 on a program that was compiled with one
 * version of the headers works with every later library of the same major version:
 *  - functions, constants and members of structures stay; enumerations gain values, so have a `default`;
 *  - amdvi_memory, amdvi_callbacks, amdvi_observer, amdvi_statistics and the options and statistics of lint
 * and replay may gain members at the end. Calls that take one have a form `..._sized` with the size that the
 * caller knows; the short form passes it by itself. An older caller gets what it knows, and what it does not
 * know is off. A newer caller is refused (AMDVI_ERR_UNSUPPORTED) only where it uses what the library does not
 * have;
 *  - structures that the library makes and lends (what callbacks and observers are told) gain members at the
 * end, too;
 *  - all other structures keep their size: requests, results, faults, page requests, cache lines, tables of
 * ivrs.h. A zeroed member means "as if it were not there": start every structure with `= {0}` or `{}`.
 */
#ifndef AMDVI_AMDVI_H
#define AMDVI_AMDVI_H

#include "amdvi/configuration.h"
#include "amdvi/devices.h"
#include "amdvi/inspect.h"
#include "amdvi/observe.h"
#include "amdvi/requests.h"
#include "amdvi/status.h"
#include "amdvi/surroundings.h"
#include "amdvi/viommu.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AMDVI_VERSION_MAJOR 0
#define AMDVI_VERSION_MINOR 2
#define AMDVI_VERSION_PATCH 0

/* "0.2.0": the version of the library that is linked, which may differ from the header's. */
const char *amdvi_version(void);

#ifdef __cplusplus
}
#endif

#endif
