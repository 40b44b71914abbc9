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

/* A number that the measurement of a row takes. */
struct validation_setting {
    const char *name;
    double value;
};

/* What must come out: a metric between two bounds, which are equal when it must be exact. */
struct validation_check {
    const char *metric;
    double least, most;
};

/* A published or derived result: a file of testbench/studies/rows/. */
struct validation {
    const char *id;        /* "V1" */
    const char *what;      /* what is measured */
    const char *published; /* what must come out */
    const char *source;
    const char *tolerance;
    const char *fitted; /* the parameter that was fitted, or "none" */
    const char *remark; /* how to read it; may be empty */
    bool exact;         /* equality is required, and it is checked with every change of the model */
    double seconds;     /* what it took where that was measured: to say how far a run of several is */
    const struct validation_setting *settings; /* the last one has no name */
    const struct validation_check *checks;     /* the last one has no metric */
};

enum { VALIDATION_TEXT = 256, VALIDATION_METRICS = 24 };

struct validation_metric {
    const char *name;
    double value;
};

/* Told how far a row is, 0 to 1. Rows that are done at once tell nothing. */
struct validation_watch {
    void (*tell)(void *context, double share);
    void *context;
};

struct validation_outcome {
    const struct validation *row;
    bool holds;
    bool ran;                     /* false: something went wrong, `value` says what */
    char value[VALIDATION_TEXT];  /* what came out, in words */
    char remark[VALIDATION_TEXT]; /* what is wrong; else the row's */
    struct validation_metric metrics[VALIDATION_METRICS];
    unsigned metric_count;
    const struct validation_watch *watch; /* while it runs; null: nobody waits */
};

/* Row number `index`, from 0; null after the last one. */
const struct validation *validation_at(size_t index);
/* `watch` may be null. */
void validation_run(size_t index, const struct validation_watch *watch, struct validation_outcome *outcome);

#ifdef __cplusplus
}
#endif

#endif
