/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Coroutines with stacks of their own. A set belongs to one kernel instance; its first member is whoever
 * calls that instance, on whatever stack that happens to be, so sets nest: a guest's coroutine may call a
 * host's instance.
 */
#ifndef KSHIM_COROUTINE_H
#define KSHIM_COROUTINE_H

#include <stdbool.h>

struct coroutine;

struct coroutine_set {
    struct coroutine *current; /* null: the caller */
    void *caller_stack;        /* where the caller goes on, while a coroutine runs */
};

/* Null without memory. `function` must never return. */
struct coroutine *coroutine_new(void (*function)(void *argument), void *argument);
/* Not the one that runs. */
void coroutine_free(struct coroutine *coroutine);
/* To null: to the caller. Returns when somebody switches back. */
void coroutine_switch(struct coroutine_set *set, struct coroutine *to);

#endif
