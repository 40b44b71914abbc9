// SPDX-License-Identifier: Apache-2.0
#include "tables/dte.h"

#include "tables/layout.h"

enum reason dte_address(const struct dte_segments *segments, uint16_t device, uint64_t *spa)
{
    unsigned index_bits = 16u - segments->log2;
    unsigned segment = (unsigned)device >> index_bits & (DTE_SEGMENTS - 1);
    uint32_t index = device & ((1u << index_bits) - 1);

    if (index >= segments->entries[segment])
        return REASON_DTE_BEYOND_TABLE;
    *spa = segments->base[segment] + (uint64_t)index * DTE_BYTES;
    return REASON_NONE;
}

/* Step order of 3.4: reserved bits first, then encodings. GLX and GuestPagingMode count only where the
 * guest half is used. */
static enum reason judge_memory(const struct dte *dte, const struct tables_env *env)
{
    if (!dte->valid)
        return REASON_NONE;
    /* Bit 0 of the reserved mask is never set: V itself is defined. */
    if ((dte->raw[0] & env->dte_reserved[0]) | (dte->raw[1] & env->dte_reserved[1]))
        return REASON_DTE_RESERVED;
    if (env->gv_needs_gten && dte_gv(dte->raw) && !env->guest_enabled)
        return REASON_DTE_RESERVED;
    if (!dte->tv)
        return REASON_NONE; /* the encodings below are then not valid */
    if (dte_had(dte->raw) == 2 || (dte_had(dte->raw) == 3 && !env->host_d))
        return REASON_DTE_HAD;
    if (dte->guest && dte->gcr3_levels > env->gcr3_levels) /* GLX=3: four levels, and no device has them */
        return REASON_DTE_LEVELS;
    if (dte->guest && dte->guest_levels > env->guest_levels)
        return REASON_DTE_LEVELS;
    if (env->host_levels == 0 && (dte->mode != 0 || dte->host_root != 0))
        return REASON_DTE_HOST_DISABLED;
    if (env->snp_mode0_illegal && dte->mode == 0)
        return REASON_DTE_SNP_IDENTITY;
    return REASON_NONE;
}

static enum reason judge_mode(const struct dte *dte, const struct tables_env *env)
{
    return dte->mode > 6 || dte->mode > env->host_levels ? REASON_DTE_MODE : REASON_NONE;
}

static enum reason judge_interrupt(const struct dte *dte, const struct tables_env *env)
{
    if ((dte->raw[2] & env->dte_reserved[2]) | (dte->raw[3] & env->dte_reserved[3]))
        return REASON_INT_DTE_RESERVED;
    /* Whatever the message (3.4); IntTabLen counts only for what is remapped. */
    return dte->int_control > DTE_INTCTL_REMAP ? REASON_INT_DTE_CONTROL : REASON_NONE;
}

static void decode_translation(struct dte *dte, const struct tables_env *env)
{
    const uint64_t *raw = dte->raw;

    dte->host_root = dte_host_root(raw);
    dte->gcr3_root = dte_gcr3_root(raw);
    dte->domain = (uint16_t)dte_domainid(raw);
    dte->mode = (uint8_t)dte_mode(raw);
    dte->perm = (uint8_t)((dte_ir(raw) ? PERM_READ : 0) | (dte_iw(raw) ? PERM_WRITE : 0));
    dte->had = env->hardware_ad && env->host_a ? (uint8_t)dte_had(raw) : 0;
    dte->gcr3_levels = (uint8_t)(dte_glx(raw) + 1);
    /* 2 and 3 are reserved: six levels stand for "more than any device has". */
    dte->guest_levels = (uint8_t)(dte_guestpagingmode(raw) > 1 ? 6 : 4 + dte_guestpagingmode(raw));
    dte->guest_tables = !(env->guest_table_need & ~dte->perm);
    dte->guest = dte_gv(raw) && env->guest_enabled;
    dte->giov = dte->guest && dte_giov(raw);
}

static void decode_attributes(struct dte *dte, const struct tables_env *env)
{
    const uint64_t *raw = dte->raw;

    dte->exclusion = dte_ex(raw);
    dte->iotlb = dte_i(raw);
    dte->ats_no_cache = dte_cache(raw);
    dte->suppress_all = dte_sa(raw);
    dte->suppress_repeat = dte_se(raw);
    dte->sysmgt = (uint8_t)dte_sysmgt(raw);
    dte->ioctl = (uint8_t)dte_ioctl(raw);
    dte->ppr = dte_ppr(raw);
    dte->prg_pasid = dte_gprp(raw);
    dte->mode0_fc = dte_attrv(raw) && dte_mode0fc(raw);
    dte->vimu = dte_vimuen(raw) && env->viommu_enabled;
    dte->guest_id = (uint16_t)dte_guestid(raw);
    dte->guest_device = (uint16_t)dte_gdeviceid(raw);
}

static void decode_interrupt(struct dte *dte)
{
    const uint64_t *raw = dte->raw;

    dte->iv = dte_iv(raw);
    dte->int_root = dte_inttable_root(raw);
    dte->int_log2 = (uint8_t)dte_inttablen(raw);
    dte->int_control = (uint8_t)dte_intctl(raw);
    dte->ignore_int = dte_ig(raw);
    dte->pass_init = dte_initpass(raw);
    dte->pass_extint = dte_eintpass(raw);
    dte->pass_nmi = dte_nmipass(raw);
}

void dte_decode(const uint64_t raw[4], const struct tables_env *env, struct dte *dte)
{
    for (int i = 0; i < 4; i++)
        dte->raw[i] = raw[i];
    dte->valid = dte_v(raw);
    dte->tv = dte_tv(raw);
    decode_translation(dte, env);
    decode_attributes(dte, env);
    decode_interrupt(dte);
    dte->verdict = (uint8_t)judge_memory(dte, env);
    dte->mode_verdict = (uint8_t)judge_mode(dte, env);
    dte->int_verdict = (uint8_t)judge_interrupt(dte, env);
    dte->plain = dte->valid && dte->tv && !dte->verdict && !dte->mode_verdict &&
                 !(dte->guest && env->privileged_may_write) && !env->marc && !env->rights_kept;
}
