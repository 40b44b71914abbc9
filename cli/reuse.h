// SPDX-License-Identifier: Apache-2.0
/*
 * How long ago a key was used last, in other keys used since (its stack distance): what a fully associative
 * cache of any number of lines with LRU would have done, from one pass. A key that is dropped leaves a hole
 * in the stack, as it leaves an empty line in each cache that holds it; the next line that such a cache needs
 * goes there, so what is below the hole does not move down. A key that is used again from below a hole takes
 * the hole's line and leaves one behind.
 */
#ifndef AMDVI_CLI_REUSE_H
#define AMDVI_CLI_REUSE_H

#include <stdbool.h>
#include <stdint.h>

struct reuse_key {
    uint16_t group; /* what can be dropped at once: a domain, a device */
    uint32_t sub;
    uint64_t tag;
};

struct reuse_entry {
    struct reuse_key key;
    bool live;
    uint32_t time;           /* slot in the order of use; of live ones */
    uint32_t next, previous; /* others of the group that are live; 0: none */
};

enum { REUSE_GROUPS = 65536, REUSE_SIZES = 33 };
#define REUSE_HOLE UINT32_MAX

struct reuse {
    struct reuse_entry *entries; /* from 1 */
    uint32_t count, room;
    uint32_t *table; /* hash: entry, or 0 */
    uint32_t table_size;
    uint32_t *heads;    /* of the groups' lists */
    uint32_t *sums;     /* Fenwick tree: how many slots are taken */
    uint32_t *taken_by; /* entry of a slot, 0, or REUSE_HOLE */
    uint32_t slots, now, taken, live;
    uint32_t *holes; /* their slots, as a heap with the newest on top */
    uint32_t holes_count, holes_room;
    uint64_t hits[REUSE_SIZES]; /* hits of a cache of 2^i lines that a smaller one does not have */
    uint64_t lookups;
    bool failed; /* no memory: nothing is followed any more */
};

bool reuse_open(struct reuse *reuse);
void reuse_close(struct reuse *reuse);

enum reuse_use { REUSE_NEW, REUSE_DROPPED, REUSE_AGAIN };
/* Uses a key. With REUSE_AGAIN, *distance is how many lines a cache needs beside its own to have
 * kept it. */
enum reuse_use reuse_touch(struct reuse *reuse, const struct reuse_key *key, uint32_t *distance);
/* A lookup that leaves nothing behind: a miss at any size. */
void reuse_miss(struct reuse *reuse);

void reuse_drop(struct reuse *reuse, const struct reuse_key *key);
/* Drops the keys of a group that `covers` wants; null: all. */
void reuse_drop_group(struct reuse *reuse, uint16_t group,
                      bool (*covers)(void *context, const struct reuse_key *key), void *context);
void reuse_drop_all(struct reuse *reuse);

/* Hits of a fully associative cache with 2^log2_lines lines. */
uint64_t reuse_hits(const struct reuse *reuse, unsigned log2_lines);

#endif
