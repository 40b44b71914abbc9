// SPDX-License-Identifier: Apache-2.0
/* Internal: workloads of experiments, and the metrics that they give. */
#ifndef AMDVI_STUDIES_WORKLOAD_H
#define AMDVI_STUDIES_WORKLOAD_H

#include "amdvi/experiment.h"
#include "testbench/studies/world.h"

struct scene;

/* What has no place becomes the result's problem: no metric is left out unsaid. */
void metric_add(struct experiment_result *result, const char *name, double value);
/* Whether the experiment ran without a problem; else `error` says which. */
bool metrics_judge(const struct experiment_result *result, bool ran, char *error, size_t size);
/* What the timed executor counted, of all IOMMUs together; percentiles of the first one. */
void metric_add_scene(struct experiment_result *result, const struct scene *scene);
void metric_add_timed(struct experiment_result *result, const struct amdvi_timed *timed);
void metric_add_world(struct experiment_result *result, const struct world *world);
double metric_per(uint64_t count, uint64_t of);

/* A world with the experiment's keys, parameters, and memory as its workload wants. */
bool workload_world(struct world *w, const struct experiment *e);
unsigned workload_shift(const struct workload *l);
/* Ports that requests come by. */
unsigned workload_ports(const struct experiment *e);
/* Time of `bytes` on a link of `rate` Gb/s, ps. */
uint64_t workload_link_time(uint64_t bytes, uint64_t rate);

/* Each false: it could not be run. */
typedef bool workload_run(const struct experiment *e, struct experiment_result *result);
workload_run workload_requests, workload_unmaps;            /* workload.c */
workload_run workload_nic, workload_nvme, workload_tenants; /* files of their names */
workload_run workload_guests;                               /* guest_flushes.c */
workload_run workload_storm, workload_flood, workload_sweep, workload_replay;
workload_run workload_dirty, workload_page_requests;

#endif
