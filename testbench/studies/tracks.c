// SPDX-License-Identifier: Apache-2.0
#include "testbench/studies/tracks.h"

#include <amdvi/layout.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LANES = 256, GROUPS = 1024, PS_PER_NS = 1000, TEXT = 64 };

/* Ends of what lies in each lane of a group of tracks. */
struct lanes {
    uint64_t ends[LANES];
};

struct tracks {
    struct amdvi_perfetto *out;
    struct lanes *groups;
    uint64_t drawn, flows;
};

struct tracks *tracks_open(amdvi_trace_write_fn write, void *context, const char *name)
{
    struct tracks *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->groups = calloc(GROUPS, sizeof(*t->groups));
    if (t->groups && amdvi_perfetto_open(write, context, name, 0, &t->out) == AMDVI_TRACE_OK)
        return t;
    tracks_close(t);
    return NULL;
}

bool tracks_close(struct tracks *t)
{
    bool good = true;

    if (!t)
        return true;
    if (t->out)
        good = amdvi_perfetto_finish(t->out) == AMDVI_TRACE_OK;
    amdvi_perfetto_close(t->out);
    free(t->groups);
    free(t);
    return good;
}

/* The first lane that is free from `begins` on; the last one when none is. */
static unsigned lane_of(struct tracks *t, uint64_t key, uint64_t begins, uint64_t ends)
{
    struct lanes *group = &t->groups[key % GROUPS];
    unsigned lane = 0;

    while (lane + 1 < LANES && group->ends[lane] > begins)
        lane++;
    group->ends[lane] = ends;
    return lane;
}

static uint64_t ns(uint64_t ps)
{
    return ps / PS_PER_NS;
}

static void draw(struct tracks *t, const char *track, const char *name, uint64_t from, uint64_t to,
                 const struct amdvi_export_arg *args, size_t count)
{
    const struct amdvi_export_event event = {.track = track,
                                             .name = name,
                                             .ts_ns = ns(from),
                                             .dur_ns = ns(to) > ns(from) ? ns(to) - ns(from) : 1,
                                             .args = args,
                                             .args_count = count};

    t->drawn++;
    amdvi_perfetto_event(t->out, &event);
}

/* ---------------------------------------------------------------- requests and walks */

static void draw_walk(struct tracks *t, const struct amdvi_timed_completion *c, const char *from_track)
{
    uint64_t begins = c->submitted + c->waited_port + c->waited_walker;
    char track[TEXT];

    snprintf(track, sizeof(track), "walks %u", lane_of(t, 0, ns(begins), ns(c->done)));
    draw(t, track, "walk", begins, c->done,
         (const struct amdvi_export_arg[]){{"reads", NULL, c->reads},
                                           {"waited_walker_ps", NULL, c->waited_walker}},
         2);
    amdvi_perfetto_flow(t->out, ++t->flows, from_track, ns(c->submitted), track, ns(begins));
}

void tracks_request(struct tracks *t, const struct amdvi_timed_completion *c)
{
    static const char *const places[] = {"L1", "L2", "walked", "dropped"};
    uint16_t device = c->what->request->device;
    char track[TEXT], what[TEXT];

    if (t->drawn >= TRACKS_EVENTS)
        return;
    snprintf(what, sizeof(what), "requests %u",
             lane_of(t, UINT64_C(1) + device, ns(c->submitted), ns(c->done)));
    amdvi_export_device_track(device, what, track, sizeof(track));
    draw(t, track, places[c->place], c->submitted, c->done,
         (const struct amdvi_export_arg[]){{"address", NULL, c->what->request->address},
                                           {"reads", NULL, c->reads},
                                           {"waited_port_ps", NULL, c->waited_port}},
         3);
    if (c->place == AMDVI_TIMED_WALK)
        draw_walk(t, c, track);
}

/* ---------------------------------------------------------------- commands */

void tracks_command(struct tracks *t, const struct amdvi_command_info *info, unsigned code, uint64_t since,
                    uint64_t now)
{
    const struct amdvi_layout *layout = amdvi_layout_of_command(code);
    const char *name = layout ? layout->title : "reserved opcode";
    const struct amdvi_export_arg args[] = {{"word0", NULL, info->words[0]}, {"word1", NULL, info->words[1]}};
    uint64_t key = 0x20000 + (info->guest ? UINT64_C(1) + info->guest_id : 0);
    unsigned lane = lane_of(t, key, ns(since), ns(now));
    char track[TEXT];

    if (t->drawn >= TRACKS_EVENTS)
        return;
    if (info->guest)
        snprintf(track, sizeof(track), "guest %u commands %u", info->guest_id, lane);
    else
        snprintf(track, sizeof(track), "host commands %u", lane);
    draw(t, track, name, since, now, args, 2);
    if (info->legal && code >= 2 && code <= 8 && code != 7)
        amdvi_perfetto_event(
            t->out, &(struct amdvi_export_event){.track = "invalidations", .name = name, .ts_ns = ns(now)});
}
