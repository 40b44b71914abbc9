// SPDX-License-Identifier: Apache-2.0
/*
 * What happened when, for ui.perfetto.dev: requests by device, walks, commands by ring, invalidations. A
 * request that was walked for is joined to its walk by an arrow. Things of one track that overlap lie in
 * lanes.
 */
#ifndef AMDVI_STUDIES_TRACKS_H
#define AMDVI_STUDIES_TRACKS_H

#include <amdvi/timed.h>
#include <amdvi/trace_export.h>

enum { TRACKS_EVENTS = 100000 }; /* those that come later are not drawn */

struct tracks;

/* Null: no memory, or `write` refused. */
struct tracks *tracks_open(amdvi_trace_write_fn write, void *context, const char *name);
/* False: it is not complete. Null does nothing. */
bool tracks_close(struct tracks *tracks);

void tracks_request(struct tracks *tracks, const struct amdvi_timed_completion *completion);
/* From the doorbell at `since` to the command's execution. */
void tracks_command(struct tracks *tracks, const struct amdvi_command_info *info, unsigned code,
                    uint64_t since, uint64_t now);

#endif
