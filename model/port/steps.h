// SPDX-License-Identifier: Apache-2.0
/*
 * Functions that ask several times, written in the order in which they run. Where such a function goes on
 * when it is called again is kept in its frame; so is everything that it still needs then. Locals are made
 * anew by every call.
 *
 *     bool clear(device, job, f)
 *     {
 *         STEPS_BEGIN(&f->steps);
 *         STEPS_WAIT(&f->steps, job_read(device, job, &place, &f->word, sizeof(f->word), &f->error));
 *         f->word &= ~(uint64_t)1;
 *         STEPS_WAIT(&f->steps, job_write(device, job, &place, &f->word, sizeof(f->word), &f->error));
 *         STEPS_END(&f->steps);
 *     }
 *
 * False: it has asked, or waits for another job. A frame is at its beginning when it is zeroed, and again
 * when the function has returned true. Nothing between the first and the last line may be a switch of its
 * own.
 */
#ifndef AMDVI_MODEL_STEPS_H
#define AMDVI_MODEL_STEPS_H

#include <stdbool.h>
#include <stdint.h>

struct steps {
    uint16_t at; /* the line that waits; 0: the beginning */
};

#define STEPS_BEGIN(steps)                                                                                   \
    switch ((steps)->at) {                                                                                   \
    default:

#define STEPS_WAIT(steps, call)                                                                              \
    do {                                                                                                     \
        (steps)->at = __LINE__;                                                                              \
        __attribute__((fallthrough));                                                                        \
    case __LINE__:                                                                                           \
        if (!(call))                                                                                         \
            return false;                                                                                    \
    } while (0)

/* Before the last line. */
#define STEPS_DONE(steps)                                                                                    \
    do {                                                                                                     \
        (steps)->at = 0;                                                                                     \
        return true;                                                                                         \
    } while (0)

#define STEPS_END(steps)                                                                                     \
    }                                                                                                        \
    (steps)->at = 0;                                                                                         \
    return true

#endif
