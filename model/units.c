// SPDX-License-Identifier: Apache-2.0
#include "model/units.h"

#include "model/commands/ats.h"
#include "model/commands/command.h"
#include "model/logs/record.h"
#include "model/port/jobs.h"

static struct job *job_of(const struct amdvi_device *device, enum unit unit)
{
    if (unit == UNIT_HOST_RING)
        return &device->host_commands->job;
    return unit == UNIT_GUEST_RINGS ? &device->guest_commands->job : &device->writer->job;
}

void units_begin(struct amdvi_device *device)
{
    struct external *external = device->external;

    for (enum unit unit = UNIT_HOST_RING; unit <= UNIT_WRITER; unit++) {
        struct job *job = job_of(device, unit);
        memset(job, 0, sizeof(*job));
        job_begin(device, job);
        job->executor = EXECUTOR_PORT;
        job->unit = (uint8_t)unit;
        job->slot = external->face.most + unit - 1;
        ticket_clear(&job->ticket);
        external->slots[job->slot].job = job;
        external->busy[unit] = external->wanted[unit] = false;
        jobs_add(device, job);
    }
}

/* What was under way is forgotten; answers that are still to come find nothing. */
void units_end(struct amdvi_device *device)
{
    for (enum unit unit = UNIT_HOST_RING; unit <= UNIT_WRITER; unit++) {
        struct job *job = job_of(device, unit);
        jobs_remove(device, job);
        device->external->slots[job->slot].job = NULL;
    }
    memset(device->writer, 0, sizeof(*device->writer));
    commands_reset(device);
}

void units_stir(struct amdvi_device *device)
{
    device->external->stirred = false;
    for (enum unit unit = UNIT_HOST_RING; unit <= UNIT_GUEST_RINGS; unit++) {
        device->external->wanted[unit] = true;
        external_ready(device->external, job_of(device, unit));
    }
}

static bool run(struct amdvi_device *device, enum unit unit)
{
    return unit == UNIT_HOST_RING ? host_ring_run(device, device->host_commands)
                                  : guest_rings_run(device, device->guest_commands);
}

static void tell_rest(struct amdvi_device *device, struct job *job)
{
    struct external *external = device->external;
    bool was = device_leave(device);

    if (external->face.rested)
        external->face.rested(external->face.context, (enum amdvi_asker)job->unit, &job->work);
    memset(&job->work, 0, sizeof(job->work));
    device_return(device, was);
}

/* What stirs it while it runs makes it run once more. */
static void run_rings(struct amdvi_device *device, enum unit unit)
{
    struct external *external = device->external;

    while (external->busy[unit] || external->wanted[unit]) {
        if (!external->busy[unit] && unit == UNIT_HOST_RING)
            atc_check_timeouts(device, job_of(device, unit));
        if (!external->busy[unit])
            external->wanted[unit] = false;
        external->busy[unit] = true;
        if (!run(device, unit))
            return;
        job_rest(device, job_of(device, unit));
        tell_rest(device, job_of(device, unit));
        external->busy[unit] = false;
    }
}

/* A COMPLETION_WAIT may wait for the last record. */
static void write_records(struct amdvi_device *device)
{
    if (record_writer_step(device))
        device->external->stirred = true;
}

void unit_step(struct amdvi_device *device, const struct job *job)
{
    if (job->unit == UNIT_WRITER)
        write_records(device);
    else
        run_rings(device, (enum unit)job->unit);
}

bool units_busy(const struct amdvi_device *device)
{
    const struct external *external = device->external;

    return external && (external->busy[UNIT_HOST_RING] || external->busy[UNIT_GUEST_RINGS] ||
                        !record_writer_idle(device));
}
