// SPDX-License-Identifier: Apache-2.0
/*
 * Interrupt remapping: the message, the decision of the device table entry, the remap table
 * (reference/iommu.md 8).
 */
#ifndef AMDVI_TABLES_IRTE_H
#define AMDVI_TABLES_IRTE_H

#include "tables/dte.h"

/* The fields of an MSI that count (8.2). */
struct int_message {
    uint64_t address;
    uint32_t data;
};

enum int_action { INT_FORWARD, INT_REMAP, INT_ABORT };

struct int_decision {
    enum int_action action;
    enum reason reason; /* of INT_ABORT */
    uint32_t index;     /* of INT_REMAP */
};

/* What an IRTE says after it was judged. */
struct irte {
    bool suppress; /* SupIOPF: faults of this entry are not logged */
    bool guest_mode;
    bool logical; /* DM */
    bool request_eoi;
    uint8_t type; /* IntType: 0 fixed, 1 arbitrated */
    uint8_t vector;
    uint32_t destination;
    /* guest mode, 8.6 */
    bool ga_log, is_run, gappi_disabled;
    uint32_t ga_tag;
    uint64_t vapic_page;
};

/* The message of an address and data write: classes of 8.2 step 3. */
enum int_class { INT_FIXED = 0, INT_ARBITRATED = 1, INT_SMI = 2, INT_NMI = 4, INT_INIT = 5, INT_EXTINT = 7 };

static inline unsigned int_message_type(const struct int_message *message)
{
    return message->data >> 8 & 7;
}

static inline bool int_message_logical(const struct int_message *message)
{
    return message->address >> 2 & 1;
}

/* 8.2 steps 2 to 5, SMI filtering apart: it needs registers. `dte->iv` must be set. */
struct int_decision int_decide(const struct dte *dte, const struct tables_env *env,
                               const struct int_message *message);

/* SPA and size of the entry, or REASON_INT_INDEX (8.2, 8.3). */
enum reason irte_address(const struct dte *dte, const struct tables_env *env, uint32_t index, uint64_t *spa);
unsigned irte_bytes(const struct tables_env *env);

/* Decodes and judges an entry; a 4-byte entry comes in the low half of raw[0] (8.3, 8.5). */
enum reason irte_decode(const uint64_t raw[2], const struct tables_env *env, struct irte *irte);

/* What software changes in a guest-mode entry without an invalidation: IsRun, Destination, GATag, GALogIntr
 * (8.6). */
void irte_refresh(const uint64_t raw[2], const struct tables_env *env, struct irte *irte);

/* The message after remapping: what the entry does not name is kept from the source (8.4). */
struct int_message irte_apply(const struct irte *irte, const struct tables_env *env,
                              const struct int_message *message);

#endif
