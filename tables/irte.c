// SPDX-License-Identifier: Apache-2.0
#include "tables/irte.h"

#include "tables/layout.h"

enum { INT_INDEX_MASK = 0x7ff, INTTABLEN_LIMIT = 12 };

static struct int_decision abort_with(enum reason reason)
{
    return (struct int_decision){.action = INT_ABORT, .reason = reason};
}

/* Fixed and arbitrated messages obey IntCtl (8.2 step 5, 3.4). */
static struct int_decision decide_by_control(const struct dte *dte, uint32_t index)
{
    switch (dte->int_control) {
    case DTE_INTCTL_ABORT:
        return abort_with(REASON_INT_CONTROL_ABORT);
    case DTE_INTCTL_FORWARD:
        return (struct int_decision){.action = INT_FORWARD};
    default:
        if (dte->int_log2 >= INTTABLEN_LIMIT)
            return abort_with(REASON_INT_DTE_LENGTH);
        return (struct int_decision){.action = INT_REMAP, .index = index};
    }
}

static struct int_decision decide_by_pass(bool pass, const struct int_message *message)
{
    if (int_message_logical(message))
        return abort_with(REASON_INT_TYPE_UNKNOWN);
    return pass ? (struct int_decision){.action = INT_FORWARD} : abort_with(REASON_INT_PASS_DENIED);
}

struct int_decision int_decide(const struct dte *dte, const struct tables_env *env,
                               const struct int_message *message)
{
    uint32_t index = message->data & INT_INDEX_MASK;

    if (dte->int_verdict != REASON_NONE)
        return abort_with((enum reason)dte->int_verdict);
    /* 2048-entry mode: DM=1 means a plain index whatever the data looks like. */
    if (env->int_2048 && int_message_logical(message))
        return decide_by_control(dte, index);
    switch (int_message_type(message)) {
    case INT_FIXED:
    case INT_ARBITRATED:
        return decide_by_control(dte, index);
    case INT_SMI:
        return (struct int_decision){.action = INT_FORWARD};
    case INT_NMI:
        return decide_by_pass(dte->pass_nmi, message);
    case INT_INIT:
        return decide_by_pass(dte->pass_init, message);
    case INT_EXTINT:
        return decide_by_pass(dte->pass_extint, message);
    default:
        return abort_with(REASON_INT_TYPE_UNKNOWN);
    }
}

unsigned irte_bytes(const struct tables_env *env)
{
    return env->irte_128 ? 16 : 4;
}

enum reason irte_address(const struct dte *dte, const struct tables_env *env, uint32_t index, uint64_t *spa)
{
    if (index >> dte->int_log2)
        return REASON_INT_INDEX;
    *spa = dte->int_root + (uint64_t)index * irte_bytes(env);
    return REASON_NONE;
}

static enum reason decode_basic(uint64_t raw, struct irte *irte)
{
    irte->type = (uint8_t)irte32_inttype(raw);
    irte->logical = irte32_dm(raw);
    irte->request_eoi = irte32_rqeoi(raw);
    irte->vector = (uint8_t)irte32_vector(raw);
    irte->destination = (uint32_t)irte32_destination(raw);
    /* GuestMode needs the 128-bit form (8.3). */
    if (irte32_guestmode(raw) || (raw & irte32_reserved(0, 0, 0)) || irte->type > INT_ARBITRATED)
        return REASON_INT_IRTE_ILLEGAL;
    return REASON_NONE;
}

static bool any_bit(const uint64_t raw[2], const uint64_t mask[2])
{
    return (raw[0] & mask[0]) | (raw[1] & mask[1]);
}

/* Without x2APIC only destination 7:0 counts (8.3). */
static uint32_t destination(uint64_t value, const struct tables_env *env)
{
    return (uint32_t)(env->x2apic ? value : value & 0xff);
}

static enum reason decode_remap(const uint64_t raw[2], const struct tables_env *env, struct irte *irte)
{
    uint64_t reserved[2];

    irte_reserved(env->efr, env->efr2, env->cap, reserved);
    irte->type = (uint8_t)irte_inttype(raw);
    irte->logical = irte_dm(raw);
    irte->request_eoi = irte_rqeoi(raw);
    irte->vector = (uint8_t)irte_vector(raw);
    irte->destination = destination(irte_destination(raw), env);
    if (any_bit(raw, reserved) || irte->type > INT_ARBITRATED)
        return REASON_INT_IRTE_ILLEGAL;
    return REASON_NONE;
}

static enum reason decode_guest(const uint64_t raw[2], const struct tables_env *env, struct irte *irte)
{
    uint64_t reserved[2];

    irteg_reserved(env->efr, env->efr2, env->cap, reserved);
    irte->guest_mode = true;
    irte->gappi_disabled = irteg_gappidis(raw);
    irte->vapic_page = irteg_vapic_root(raw);
    irte->vector = (uint8_t)irteg_vector(raw);
    irte_refresh(raw, env, irte);
    if (any_bit(raw, reserved) || !env->guest_mode_legal)
        return REASON_INT_IRTE_ILLEGAL;
    return REASON_NONE;
}

void irte_refresh(const uint64_t raw[2], const struct tables_env *env, struct irte *irte)
{
    irte->ga_log = irteg_galogintr(raw);
    irte->is_run = irteg_isrun(raw);
    irte->ga_tag = (uint32_t)irteg_gatag(raw);
    irte->destination = destination(irteg_destination(raw), env);
}

enum reason irte_decode(const uint64_t raw[2], const struct tables_env *env, struct irte *irte)
{
    *irte = (struct irte){.suppress = irte32_supiopf(raw[0])};
    if (!irte32_remapen(raw[0]))
        return REASON_INT_REMAP_DISABLED;
    if (!env->irte_128)
        return decode_basic(raw[0] & UINT32_MAX, irte);
    return irte_guestmode(raw) ? decode_guest(raw, env, irte) : decode_remap(raw, env, irte);
}

/*
 * 8.4: address FEE0_0000h | destination[7:0] << 12 | DM << 2, destination[31:8] in the upper half;
 * RH, level and trigger stay as the device sent them.
 */
struct int_message irte_apply(const struct irte *irte, const struct tables_env *env,
                              const struct int_message *message)
{
    enum { RH = 1u << 3, DATA_KEPT = 0xc000, BASE = 0xfee00000u };
    bool logical = irte->logical && !env->force_physical;
    uint64_t low =
        BASE | (uint64_t)(irte->destination & 0xff) << 12 | (message->address & RH) | (logical ? 1u << 2 : 0);

    return (struct int_message){
        .address = (uint64_t)(irte->destination >> 8) << 40 | low,
        .data = (message->data & DATA_KEPT) | (uint32_t)irte->type << 8 | irte->vector,
    };
}
