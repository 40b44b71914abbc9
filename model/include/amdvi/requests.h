// SPDX-License-Identifier: Apache-2.0
/*
 * What devices behind the IOMMU ask: DMA, ATS translation requests, interrupts and page requests; and what
 * became of it.
 */
#ifndef AMDVI_REQUESTS_H
#define AMDVI_REQUESTS_H

#include "amdvi/devices.h"
#include "amdvi/reasons.h"

#ifdef __cplusplus
extern "C" {
#endif

enum amdvi_op { AMDVI_READ, AMDVI_WRITE, AMDVI_EXECUTE, AMDVI_ATOMIC };

/* PCIe address type [9.1]. */
enum amdvi_at { AMDVI_UNTRANSLATED, AMDVI_TRANSLATION_REQUEST, AMDVI_TRANSLATED };

enum { AMDVI_RIGHT_READ = 1, AMDVI_RIGHT_WRITE = 2, AMDVI_RIGHT_EXEC = 4 };

struct amdvi_request {
    uint16_t device;
    uint8_t op; /* enum amdvi_op */
    uint8_t at; /* enum amdvi_at */
    bool has_pasid;
    bool privileged;
    bool execute;   /* translation request: ask for execute permission */
    bool no_write;  /* translation request: NW flag */
    uint32_t pasid; /* 20 bits */
    uint64_t address;
    uint64_t length; /* bytes, 1 to 2^30 (1 GiB), not beyond the end of the 64-bit address space */
};

/* What the requester sees when a request fails. No rule of the reference makes this library answer with
 * zeros: AMDVI_REPLY_ZERO is there because traces of other implementations may say so (reply=zero). */
enum amdvi_reply { AMDVI_REPLY_NONE, AMDVI_REPLY_ABORT, AMDVI_REPLY_ZERO, AMDVI_REPLY_DROP };

struct amdvi_fault {
    uint8_t reason;   /* enum amdvi_reason */
    uint8_t event;    /* enum amdvi_evt; 0: the architecture knows no event for this reason */
    uint8_t reply;    /* enum amdvi_reply */
    bool logged;      /* a record was written */
    uint16_t flags;   /* record bits 59:48 [7.2] */
    uint8_t vflags;   /* record bits 31:27 */
    uint16_t domain;  /* valid without the GN flag */
    uint32_t pasid;   /* valid with the GN flag */
    uint64_t address; /* address field of the record */
};

struct amdvi_result {
    bool ok;
    bool identity; /* not translated; `size` is then 4096, the page that this is true of, or 4 for an
                      interrupt */
    uint8_t perm;  /* AMDVI_RIGHT_* granted; execute only if it was asked for */
    bool untranslated_only, no_snoop_forbidden, global, privileged_page; /* ATS attributes [9.2] */
    uint64_t pa;                                                         /* SPA of the first byte */
    uint64_t size;                                                       /* page size of the walk */
    uint64_t covered;         /* bytes from `pa` that this one translation covers */
    struct amdvi_fault fault; /* only written when !ok */
};

/*
 * One request; AMDVI_ERR_ARGUMENT when a field of it is outside its range. A request that crosses pages is
 * translated page by page; the first page that faults makes the whole request fail
 * [15 D11]. `result` describes the first page, or the fault. Aligned 4-byte writes without PASID to
 * FEE0_0000h-FEEF_FFFFh are interrupts [8.1]: `pa` is then the remapped address. Moves no data.
 */
enum amdvi_status amdvi_translate(struct amdvi_device *device, const struct amdvi_request *request,
                                  struct amdvi_result *result);

/* Whether the request is taken as an interrupt: an aligned 4-byte write without PASID to
 * FEE0_0000h-FEEF_FFFFh [8.1]. False for null. */
bool amdvi_request_is_interrupt(const struct amdvi_request *request);

/*
 * The same for `count` requests, with many walks under way at once. Results are those of a loop, except where
 * requests of different devices race for an accessed or dirty bit of a shared table entry.
 */
enum amdvi_status amdvi_translate_batch(struct amdvi_device *device, const struct amdvi_request *requests,
                                        struct amdvi_result *results, size_t count);

/* amdvi_translate() and then the data: `data` holds request->length bytes. AMDVI_ERR_MEMORY when the
 * memory behind a good translation fails; part of a write may then be done. */
enum amdvi_status amdvi_dma(struct amdvi_device *device, const struct amdvi_request *request, void *data,
                            struct amdvi_result *result);

struct amdvi_int_result {
    bool ok;
    bool posted;      /* went to a guest's vAPIC page [8.6]; there is no message */
    uint64_t address; /* message that reaches the interrupt controller */
    uint32_t data;
    uint8_t vector;
    uint8_t type; /* delivery type, data bits 10:8 */
    uint32_t destination;
    bool logical;
    struct amdvi_fault fault; /* when !ok */
};

/* A message-signalled interrupt of a device [8]. */
enum amdvi_status amdvi_interrupt(struct amdvi_device *device, uint16_t requester, uint64_t address,
                                  uint32_t data, struct amdvi_int_result *result);

struct amdvi_page_request {
    uint16_t device;
    bool has_pasid, privileged, read, write, execute, last;
    uint32_t pasid;
    uint16_t prg_index; /* 0 to 511 */
    uint64_t address;
};

struct amdvi_page_request_result {
    bool ok; /* an entry was logged */
    struct amdvi_fault fault;
};

/* A PCIe page request [7.7, 9.4]. AMDVI_ERR_ARGUMENT, and nothing happens, when a number does not fit its
 * field: `pasid` 20 bits, `prg_index` 9 bits. */
enum amdvi_status amdvi_page_request(struct amdvi_device *device, const struct amdvi_page_request *request,
                                     struct amdvi_page_request_result *result);

/* A device finished the invalidation `tag` that it had answered with AMDVI_ATC_PENDING. Unknown tags give
 * AMDVI_ERR_ARGUMENT and change nothing: such as those that timed out, or whose guest was reset meanwhile
 * (RESET_VMMIO: its commands in flight are nobody's any more). */
enum amdvi_status amdvi_atc_complete(struct amdvi_device *device, uint32_t tag);

/* "host page not present": never null. */
const char *amdvi_reason_text(unsigned reason);
/* "IO_PAGE_FAULT"; null for codes without a name. */
const char *amdvi_event_name(unsigned code);

#ifdef __cplusplus
}
#endif

#endif
