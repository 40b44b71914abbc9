// SPDX-License-Identifier: Apache-2.0
#include "model/logs/record.h"

#include "model/logs/fault.h"
#include "model/port/jobs.h"

/* ---------------------------------------------------------------- one record */

static bool write_host(struct amdvi_device *device, struct job *job, const struct record *record, bool begin,
                       struct log_write *frame, bool *written)
{
    if (begin)
        host_log_write_begin(frame, record);
    if (!log_write_step(device, job, frame))
        return false;
    *written = frame->outcome == LOG_WRITTEN;
    if (record->log == AMDVI_LOG_EVENT)
        event_written(device, record->words, *written);
    return true;
}

/* The way to the log is nobody's operation: it is counted as the device's. */
static bool write_now(struct amdvi_device *device, const struct record *record)
{
    bool written = false;
    struct job job;

    job_begin(device, &job);
    if (record->of_guest) {
        device->guest_record(device, &job, record, true, NULL, &written);
    } else {
        struct log_write frame;
        write_host(device, &job, record, true, &frame, &written);
    }
    return written;
}

/* ---------------------------------------------------------------- the writer */

static void enqueue(struct amdvi_device *device, struct job *job, const struct record *wanted)
{
    struct record_writer *writer = device->writer;

    writer->queued++;
    job->record = *wanted;
    job->record.state = RECORD_QUEUED;
    job->record.next = NULL;
    if (writer->last)
        writer->last->record.next = job;
    else
        writer->first = job;
    writer->last = job;
    job_wake(device, &writer->job);
}

static bool write_first(struct amdvi_device *device, struct record_writer *writer, bool *written)
{
    const struct record *record = &writer->first->record;
    bool begin = !writer->begun;

    writer->begun = true;
    if (record->of_guest)
        return device->guest_record(device, &writer->job, record, begin, device->guest_writer, written);
    return write_host(device, &writer->job, record, begin, &writer->outer, written);
}

static void finish_first(struct amdvi_device *device, struct record_writer *writer, bool written)
{
    struct job *job = writer->first;

    writer->begun = false;
    writer->ended++;
    writer->first = job->record.next;
    if (!writer->first)
        writer->last = NULL;
    job->record.state = written ? RECORD_WRITTEN : RECORD_LOST;
    job_rest(device, &writer->job);
    if (job < writer->loose || job >= writer->loose + RECORDS_LOOSE)
        job_wake(device, job);
}

bool record_writer_step(struct amdvi_device *device)
{
    struct record_writer *writer = device->writer;
    bool written = false, any = false;

    for (; writer->first; any = true) {
        if (!write_first(device, writer, &written))
            return any;
        finish_first(device, writer, written);
    }
    return any;
}

bool records_settled(const struct amdvi_device *device, uint64_t *mark)
{
    const struct record_writer *writer = device->writer;

    if (!writer)
        return true;
    if (*mark == 0)
        *mark = writer->queued + 1;
    if (writer->ended + 1 < *mark)
        return false;
    *mark = 0;
    return true;
}

/* What the writer finds on its way is written before it goes on (viommu 11 #19). */
static bool write_inner(struct amdvi_device *device, const struct record *wanted, bool *written)
{
    struct record_writer *writer = device->writer;
    bool begin = !writer->inner_begun;

    writer->inner_begun = true;
    if (!write_host(device, &writer->job, wanted, begin, &writer->inner, written))
        return false;
    writer->inner_begun = false;
    return true;
}

/* ---------------------------------------------------------------- for those who make records */

static bool write_later(struct amdvi_device *device, struct job *job, const struct record *wanted,
                        bool *written)
{
    if (device->writer && job == &device->writer->job)
        return write_inner(device, wanted, written);
    if (job->record.state == RECORD_NONE)
        enqueue(device, job, wanted);
    if (job->record.state == RECORD_QUEUED)
        return false;
    *written = job->record.state == RECORD_WRITTEN;
    job->record.state = RECORD_NONE;
    return true;
}

static struct job *free_carrier(const struct amdvi_device *device)
{
    for (unsigned i = 0; i < RECORDS_LOOSE; i++)
        if (device->writer->loose[i].record.state != RECORD_QUEUED)
            return &device->writer->loose[i];
    return NULL;
}

static bool carry(struct amdvi_device *device, const struct record *wanted)
{
    struct job *carrier = free_carrier(device);

    if (carrier)
        enqueue(device, carrier, wanted);
    return carrier != NULL;
}

/* Too many are on their way. Of guests' events nobody keeps count. */
static bool lose(struct amdvi_device *device, const struct record *wanted)
{
    if (wanted->log == AMDVI_LOG_EVENT && !wanted->of_guest)
        event_written(device, wanted->words, false);
    return false;
}

/* A call that answers at once does not overtake records that are on their way: its own counts as written. */
bool record_write(struct amdvi_device *device, struct job *job, const struct record *wanted, bool *written)
{
    bool unused;

    if (!written)
        written = &unused;
    if (!job_is_direct(job))
        return write_later(device, job, wanted, written);
    *written = record_writer_idle(device) ? write_now(device, wanted)
                                          : carry(device, wanted) || lose(device, wanted);
    return true;
}

bool record_has_room(const struct amdvi_device *device, const struct job *job)
{
    return job_is_direct(job) || free_carrier(device);
}

bool record_post(struct amdvi_device *device, const struct job *job, const struct record *wanted)
{
    if (!job_is_direct(job))
        return carry(device, wanted);
    write_now(device, wanted);
    return true;
}

bool event_report_raw(struct amdvi_device *device, struct job *job, const uint64_t record[2], bool *logged)
{
    const struct record wanted = {.log = AMDVI_LOG_EVENT, .words = {record[0], record[1]}};

    return record_write(device, job, &wanted, logged);
}

bool event_report(struct amdvi_device *device, struct job *job, const struct event *event, bool *logged)
{
    uint64_t record[2];

    event_encode(event, record);
    return event_report_raw(device, job, record, logged);
}
