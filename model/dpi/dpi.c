// SPDX-License-Identifier: Apache-2.0
/* The functions of DPI-C that need nothing but the library. */
#include "model/dpi/bench_device.h"

#include "amdvi/dpi.h"

#include <stdlib.h>
#include <string.h>

enum { MEGABYTE = 1 << 20, MOST_MEGABYTES = 4096 };

static struct bench_device *devices[AMDVI_DPI_DEVICES];

struct bench_device *amdvi_dpi_find(int handle)
{
    return handle >= 1 && handle <= AMDVI_DPI_DEVICES ? devices[handle - 1] : NULL;
}

static int status_of(enum amdvi_status status)
{
    return -(int)status;
}

/* ---------------------------------------------------------------- effects */

/* When nobody fetches them the oldest ones go. */
static void note(struct bench_device *d, int kind, uint64_t address, uint64_t data, int length)
{
    if (d->count == BENCH_EFFECTS) {
        d->first = (d->first + 1) % BENCH_EFFECTS;
        d->count--;
    }
    d->effects[(d->first + d->count++) % BENCH_EFFECTS] =
        (struct bench_effect){.kind = kind, .address = address, .data = data, .length = length};
}

static int kind_of(enum amdvi_access access)
{
    switch (access) {
    case AMDVI_ACCESS_STORE:
        return AMDVI_DPI_STORE;
    case AMDVI_ACCESS_LOG:
        return AMDVI_DPI_LOG;
    case AMDVI_ACCESS_VAPIC:
        return AMDVI_DPI_POSTED;
    default:
        return AMDVI_DPI_TABLE;
    }
}

static void on_access(void *context, const struct amdvi_access_info *info)
{
    if (info->write && !info->cached && info->result == AMDVI_MEMORY_OK && info->access != AMDVI_ACCESS_DATA)
        note(context, kind_of(info->access), info->address, info->value[0], (int)info->length);
}

static void on_interrupt(void *context, const struct amdvi_irq *irq)
{
    switch (amdvi_irq_duty_of(irq)) {
    case AMDVI_IRQ_DUTY_MESSAGE:
        note(context, AMDVI_DPI_INTERRUPT, irq->address, irq->data, 4);
        break;
    case AMDVI_IRQ_DUTY_DOORBELL:
        note(context, AMDVI_DPI_DOORBELL, irq->destination, irq->vector, 4);
        break;
    case AMDVI_IRQ_DUTY_WAKE:
        note(context, AMDVI_DPI_WAKE, irq->destination, irq->vector, 4);
        break;
    default:
        break;
    }
}

static void on_response(void *context, const struct amdvi_prg_response *response)
{
    note(context, AMDVI_DPI_RESPONSE, response->device,
         bench_pasid(response->has_pasid, response->pasid) | (uint64_t)response->code << BENCH_CODE |
             response->index,
         8);
}

/* The bench compares the request, and does not play the device's cache: it is done at once. */
static enum amdvi_atc_answer on_invalidation(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    uint64_t pasid = bench_pasid(invalidation->has_pasid, invalidation->pasid);
    int length = 0;

    while (invalidation->size >> length > 1)
        length++;
    note(context, AMDVI_DPI_INVALIDATION, invalidation->address, pasid | invalidation->device, length);
    return AMDVI_ATC_DONE;
}

int amdvi_dpi_effect(int handle, int *kind, long long *address, long long *data, int *length)
{
    struct bench_device *d = amdvi_dpi_find(handle);
    const struct bench_effect *e;

    if (!d)
        return AMDVI_DPI_HANDLE;
    if (d->count == 0)
        return AMDVI_DPI_NONE;
    e = &d->effects[d->first];
    *kind = e->kind;
    *address = (long long)e->address;
    *data = (long long)e->data;
    *length = e->length;
    d->first = (d->first + 1) % BENCH_EFFECTS;
    d->count--;
    return 0;
}

/* ---------------------------------------------------------------- life */

/* KEY=VALUE;KEY=VALUE, one after the other. */
static enum amdvi_status configure(struct amdvi_config *config, const char *settings)
{
    enum amdvi_status status = AMDVI_OK;

    while (*settings && !status) {
        size_t length = strcspn(settings, ";");
        char one[256], *value;
        if (length >= sizeof(one))
            return AMDVI_ERR_BAD_VALUE;
        memcpy(one, settings, length);
        one[length] = 0;
        value = strchr(one, '=');
        if (value)
            *value++ = 0;
        status = value ? amdvi_config_set(config, one, value) : AMDVI_ERR_UNKNOWN_KEY;
        settings += length + (settings[length] == ';');
    }
    return status;
}

static enum amdvi_status make_device(struct bench_device *d, struct amdvi_memory memory)
{
    struct amdvi_callbacks callbacks = {.context = d,
                                        .interrupt = on_interrupt,
                                        .atc_invalidate = on_invalidation,
                                        .prg_response = on_response};
    struct amdvi_observer observer = {.context = d, .access = on_access};
    enum amdvi_status status = amdvi_create(d->config, &memory, &callbacks, NULL, &d->device);

    return status ? status : amdvi_observer_attach(d->device, &observer, &d->observation);
}

/* A status: of the trace, if one was being written. */
static int free_device(struct bench_device *d)
{
    int status = 0;

    if (!d)
        return 0;
    if (d->recording)
        status = d->end_recording(d);
    amdvi_destroy(d->device);
    amdvi_config_destroy(d->config);
    free(d->bytes);
    free(d);
    return status;
}

static enum amdvi_status fill_device(struct bench_device *d, const char *settings, struct amdvi_memory memory)
{
    enum amdvi_status status = amdvi_config_create(&d->config);

    if (!status)
        status = configure(d->config, settings);
    return status ? status : make_device(d, memory);
}

/* Takes `d` over, also when it fails. */
static int admit(struct bench_device *d, const char *settings, struct amdvi_memory memory)
{
    enum amdvi_status status = AMDVI_ERR_NO_MEMORY;

    for (int i = 0; i < AMDVI_DPI_DEVICES && d; i++)
        if (!devices[i]) {
            d->handle = i + 1;
            status = fill_device(d, settings, memory);
            if (status)
                break;
            devices[i] = d;
            return d->handle;
        }
    free_device(d);
    return status_of(status);
}

int amdvi_dpi_create(const char *settings, int megabytes)
{
    struct bench_device *d;

    if (!settings || megabytes < 1 || megabytes > MOST_MEGABYTES)
        return AMDVI_DPI_RANGE;
    d = calloc(1, sizeof(*d));
    if (!d)
        return status_of(AMDVI_ERR_NO_MEMORY);
    d->size = (uint64_t)megabytes * MEGABYTE;
    d->bytes = calloc(1, d->size);
    if (!d->bytes) {
        free(d);
        return status_of(AMDVI_ERR_NO_MEMORY);
    }
    return admit(d, settings, (struct amdvi_memory){.direct = d->bytes, .direct_size = d->size});
}

int amdvi_dpi_admit(const char *settings, struct amdvi_memory memory, struct bench_device *d)
{
    if (!settings) {
        free_device(d);
        return AMDVI_DPI_RANGE;
    }
    memory.context = d;
    return admit(d, settings, memory);
}

int amdvi_dpi_destroy(int handle)
{
    struct bench_device *d = amdvi_dpi_find(handle);

    if (!d)
        return AMDVI_DPI_HANDLE;
    devices[handle - 1] = NULL;
    return free_device(d);
}

int amdvi_dpi_reset(int handle)
{
    struct bench_device *d = amdvi_dpi_find(handle);

    if (!d)
        return AMDVI_DPI_HANDLE;
    d->count = 0;
    return status_of(amdvi_reset(d->device));
}

/* ---------------------------------------------------------------- memory and registers */

static uint8_t *place(struct bench_device *d, long long address)
{
    return d->bytes && (uint64_t)address <= d->size - 8 && address % 8 == 0 ? d->bytes + address : NULL;
}

int amdvi_dpi_poke(int handle, long long address, long long value)
{
    struct bench_device *d = amdvi_dpi_find(handle);

    if (!d)
        return AMDVI_DPI_HANDLE;
    if (!place(d, address))
        return AMDVI_DPI_RANGE;
    memcpy(place(d, address), &value, sizeof(value));
    return 0;
}

int amdvi_dpi_peek(int handle, long long address, long long *value)
{
    struct bench_device *d = amdvi_dpi_find(handle);

    *value = 0;
    if (!d)
        return AMDVI_DPI_HANDLE;
    if (!place(d, address))
        return AMDVI_DPI_RANGE;
    memcpy(value, place(d, address), sizeof(*value));
    return 0;
}

static enum amdvi_status access_space(struct amdvi_device *device, int space, uint16_t guest, uint64_t offset,
                                      unsigned size, uint64_t *value, bool write)
{
    switch (space) {
    case AMDVI_DPI_MMIO:
        return write ? amdvi_mmio_write(device, offset, size, *value)
                     : amdvi_mmio_read(device, offset, size, value);
    case AMDVI_DPI_PCI:
        return write ? amdvi_pci_write(device, (unsigned)offset, size, *value)
                     : amdvi_pci_read(device, (unsigned)offset, size, value);
    case AMDVI_DPI_VF:
        return write ? amdvi_vf_write(device, guest, offset, size, *value)
                     : amdvi_vf_read(device, guest, offset, size, value);
    case AMDVI_DPI_VFC:
        return write ? amdvi_vfc_write(device, guest, offset, size, *value)
                     : amdvi_vfc_read(device, guest, offset, size, value);
    default:
        return AMDVI_ERR_ARGUMENT;
    }
}

static int access_registers(int handle, int space, int guest, long long offset, int size, uint64_t *value,
                            bool write)
{
    struct bench_device *d = amdvi_dpi_find(handle);

    if (!d)
        return AMDVI_DPI_HANDLE;
    if (guest < 0 || guest > UINT16_MAX || offset < 0 || offset > INT32_MAX || size < 1 || size > 8)
        return AMDVI_DPI_RANGE;
    return status_of(
        access_space(d->device, space, (uint16_t)guest, (uint64_t)offset, (unsigned)size, value, write));
}

int amdvi_dpi_write(int handle, int space, int guest, long long offset, int size, long long value)
{
    uint64_t written = (uint64_t)value;

    return access_registers(handle, space, guest, offset, size, &written, true);
}

int amdvi_dpi_read(int handle, int space, int guest, long long offset, int size, long long *value)
{
    uint64_t seen = 0;
    int status = access_registers(handle, space, guest, offset, size, &seen, false);

    *value = (long long)seen;
    return status;
}

int amdvi_dpi_run(int handle)
{
    struct bench_device *d = amdvi_dpi_find(handle);

    return d ? status_of(amdvi_run(d->device)) : AMDVI_DPI_HANDLE;
}

/* ---------------------------------------------------------------- requests */

bool amdvi_dpi_fill(struct amdvi_request *request, int device, int op, int at, int flags, int pasid,
                    long long address, long long length)
{
    if (device < 0 || device > UINT16_MAX || op < 0 || op > AMDVI_ATOMIC || at < 0 || at > AMDVI_TRANSLATED ||
        length < 1)
        return false;
    *request = (struct amdvi_request){.device = (uint16_t)device,
                                      .op = (uint8_t)op,
                                      .at = (uint8_t)at,
                                      .has_pasid = flags & AMDVI_DPI_PASID,
                                      .privileged = flags & AMDVI_DPI_PRIVILEGED,
                                      .execute = flags & AMDVI_DPI_EXECUTE,
                                      .no_write = flags & AMDVI_DPI_NO_WRITE,
                                      .pasid = flags & AMDVI_DPI_PASID ? (uint32_t)pasid : 0,
                                      .address = (uint64_t)address,
                                      .length = (uint64_t)length};
    return true;
}

static void tell(const struct amdvi_result *result, int *ok, long long *pa, int *perm, int *reason)
{
    *ok = result->ok;
    *pa = result->ok ? (long long)result->pa : 0;
    *perm = result->ok ? result->perm : 0;
    *reason = result->ok ? 0 : result->fault.reason;
}

typedef enum amdvi_status (*asker)(struct amdvi_device *, const struct amdvi_request *,
                                   struct amdvi_result *);

static int ask(asker how, int handle, const struct amdvi_request *request, bool good,
               struct amdvi_result *result)
{
    struct bench_device *d = amdvi_dpi_find(handle);

    *result = (struct amdvi_result){0};
    if (!d)
        return AMDVI_DPI_HANDLE;
    return good ? status_of(how(d->device, request, result)) : AMDVI_DPI_RANGE;
}

int amdvi_dpi_translate(int handle, int device, int op, int at, int flags, int pasid, long long address,
                        long long length, int *ok, long long *pa, int *perm, int *reason)
{
    struct amdvi_request request = {0};
    struct amdvi_result result;
    bool good = amdvi_dpi_fill(&request, device, op, at, flags, pasid, address, length);
    int status = ask(amdvi_translate, handle, &request, good, &result);

    tell(&result, ok, pa, perm, reason);
    return status;
}

int amdvi_dpi_look(int handle, int device, int op, int at, int flags, int pasid, long long address,
                   long long length, int *ok, long long *pa, int *perm, int *reason)
{
    struct amdvi_request request = {0};
    struct amdvi_result result;
    bool good = amdvi_dpi_fill(&request, device, op, at, flags, pasid, address, length);
    int status = ask(amdvi_look, handle, &request, good, &result);

    tell(&result, ok, pa, perm, reason);
    return status;
}

int amdvi_dpi_interrupt(int handle, int device, long long address, int data, int *ok, long long *new_address,
                        int *new_data)
{
    struct bench_device *d = amdvi_dpi_find(handle);
    struct amdvi_int_result result = {0};
    int status;

    *ok = *new_data = 0;
    *new_address = 0;
    if (!d)
        return AMDVI_DPI_HANDLE;
    if (device < 0 || device > UINT16_MAX)
        return AMDVI_DPI_RANGE;
    status =
        status_of(amdvi_interrupt(d->device, (uint16_t)device, (uint64_t)address, (uint32_t)data, &result));
    *ok = result.ok;
    *new_address = (long long)result.address;
    *new_data = (int)result.data;
    return status;
}

int amdvi_dpi_page_request(int handle, int device, int flags, int pasid, long long address, int index,
                           int *ok, int *reason)
{
    struct bench_device *d = amdvi_dpi_find(handle);
    struct amdvi_page_request request = {.device = (uint16_t)device,
                                         .has_pasid = flags & AMDVI_DPI_PASID,
                                         .privileged = flags & AMDVI_DPI_PRIVILEGED,
                                         .execute = flags & AMDVI_DPI_EXECUTE,
                                         .read = flags & AMDVI_DPI_READ,
                                         .write = flags & AMDVI_DPI_WRITE,
                                         .last = flags & AMDVI_DPI_LAST,
                                         .pasid = flags & AMDVI_DPI_PASID ? (uint32_t)pasid : 0,
                                         .prg_index = (uint16_t)index,
                                         .address = (uint64_t)address};
    struct amdvi_page_request_result result = {0};
    int status;

    *ok = *reason = 0;
    if (!d)
        return AMDVI_DPI_HANDLE;
    if (device < 0 || device > UINT16_MAX || index < 0 || index > UINT16_MAX)
        return AMDVI_DPI_RANGE;
    status = status_of(amdvi_page_request(d->device, &request, &result));
    *ok = result.ok;
    *reason = result.fault.reason;
    return status;
}
