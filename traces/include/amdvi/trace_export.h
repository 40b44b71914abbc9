// SPDX-License-Identifier: Apache-2.0
/* Exporters: a timeline for ui.perfetto.dev (Chrome trace events), and one line of CSV per record. Both
 * stream. */
#ifndef AMDVI_TRACE_EXPORT_H
#define AMDVI_TRACE_EXPORT_H

#include "amdvi/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

struct amdvi_export_arg {
    const char *name;
    const char *text; /* NULL: the number counts */
    uint64_t number;
};

/* Something on a track; a track appears when it is first named. Text is any bytes; what is no UTF-8 is
 * escaped. */
struct amdvi_export_event {
    const char *track; /* for example "device 00:02.0 translations" */
    const char *name;
    uint64_t ts_ns;
    uint64_t dur_ns; /* 0: an instant */
    const struct amdvi_export_arg *args;
    size_t args_count;
};

struct amdvi_perfetto;
/* limit of tracks: 0 stands for 4096; later ones share one track called "other". */
enum amdvi_trace_status amdvi_perfetto_open(amdvi_trace_write_fn write, void *context, const char *process,
                                            size_t max_tracks, struct amdvi_perfetto **perfetto);
/* An event on its track. AMDVI_TRACE_ERR_IO when `write` refuses; so do all calls after it. */
enum amdvi_trace_status amdvi_perfetto_event(struct amdvi_perfetto *perfetto,
                                             const struct amdvi_export_event *event);
/* An arrow from what lies on one track at a time to what lies on another. `id` is its own. */
enum amdvi_trace_status amdvi_perfetto_flow(struct amdvi_perfetto *perfetto, uint64_t id, const char *from,
                                            uint64_t from_ns, const char *to, uint64_t to_ns);
/* A value over time, drawn as a curve. */
enum amdvi_trace_status amdvi_perfetto_counter(struct amdvi_perfetto *perfetto, const char *name,
                                               uint64_t ts_ns, uint64_t value);
/* Writes the end of the file. Without it, or amdvi_perfetto_close() alone, the file is not complete. */
enum amdvi_trace_status amdvi_perfetto_finish(struct amdvi_perfetto *perfetto);
/* Frees the writer. Null does nothing. */
void amdvi_perfetto_close(struct amdvi_perfetto *perfetto);

/* "device 00:02.0 <what>" for a DeviceID, as a track name. */
void amdvi_export_device_track(uint16_t dev, const char *what, char *buffer, size_t size);

struct amdvi_csv;
/* Starts a table: writes the line of heads. */
enum amdvi_trace_status amdvi_csv_open(amdvi_trace_write_fn write, void *context, struct amdvi_csv **csv);
/*
 * line, t_ns, kind, dev, pasid, addr, outcome, detail, record. outcome such as "ok", "fault", "failed",
 * "unchecked"; both texts may be NULL.
 */
enum amdvi_trace_status amdvi_csv_result(struct amdvi_csv *csv, const struct amdvi_trace_record *record,
                                         uint64_t ts_ns, const char *outcome, const char *detail);
/* Writes what is pending. The first error of the whole table, if there was one. */
enum amdvi_trace_status amdvi_csv_finish(struct amdvi_csv *csv);
/* Frees the writer. Null does nothing. */
void amdvi_csv_close(struct amdvi_csv *csv);

#ifdef __cplusplus
}
#endif

#endif
