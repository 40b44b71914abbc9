// SPDX-License-Identifier: Apache-2.0
/*
 * Studies under time: published results that the model is held against (`amdvi validate`), and experiments
 * that a file describes (`amdvi run`).
 */
#ifndef AMDVI_STUDIES_H
#define AMDVI_STUDIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A published or derived result, a row of the reference (performance 2). */
struct validation {
    const char *id;        /* "V1" */
    const char *what;      /* what is measured */
    const char *published; /* what must come out */
    const char *source;
    const char *tolerance;
    const char *fitted; /* the parameter that was fitted, or "none" */
    bool exact;         /* equality is required, and it is checked with every change of the model */
};

enum { VALIDATION_TEXT = 256 };

struct validation_outcome {
    bool holds;
    bool ran;                     /* false: something went wrong, `value` says what */
    char value[VALIDATION_TEXT];  /* what came out */
    char remark[VALIDATION_TEXT]; /* how to read it; may be empty */
};

/* Row number `index`, from 0; null after the last one. */
const struct validation *validation_at(size_t index);
void validation_run(size_t index, struct validation_outcome *outcome);

#ifdef __cplusplus
}
#endif

#endif
