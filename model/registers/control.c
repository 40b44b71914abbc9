// SPDX-License-Identifier: Apache-2.0
/* The control register and everything that is derived from it and the feature registers (2.2, 2.4). */
#include "model/registers/control.h"
#include "model/guests/guest.h"
#include "model/logs/host_log.h"
#include "model/lookup/held.h"
#include "model/lookup/marc.h"
#include "model/port/jobs.h"

#include "tables/layout.h"

static uint8_t host_levels(uint64_t efr)
{
    /* HATS 0, 1, 2 name 4, 5, 6 levels; 3: no host translation (2.5). */
    uint64_t hats = reg_efr_hats(efr);

    return hats == 3 ? 0 : (uint8_t)(hats + 4);
}

/* GATS 2 and 3 are reserved and taken as the most we know (2.5). */
static uint8_t guest_levels(uint64_t efr)
{
    if (!reg_efr_gtsup(efr))
        return 0;
    return reg_efr_gats(efr) == 0 ? 4 : 5;
}

static uint32_t pasid_limit(uint64_t efr)
{
    uint64_t bits = reg_efr_pasmax(efr) + 1;

    return 1u << (bits > 20 ? 20 : bits); /* a PASID has 20 bits, whatever PASmax promises */
}

static void derive_features(struct amdvi_device *device)
{
    struct tables_env *env = &device->env;
    uint64_t glx = reg_efr_glxsup(env->efr);

    env->v1_leaf_reserved = v1_leaf_reserved(env->efr, env->efr2, env->cap);
    env->v1_dir_reserved = v1_dir_reserved(env->efr, env->efr2, env->cap);
    env->v2_reserved = v2_reserved(env->efr, env->efr2, env->cap);
    env->gcr3_reserved = gcr3_reserved(env->efr, env->efr2, env->cap);
    env->host_levels = host_levels(env->efr);
    env->guest_levels = guest_levels(env->efr);
    env->gcr3_levels = (uint8_t)(glx > 2 ? 3 : glx + 1);
    env->pasid_limit = pasid_limit(env->efr);
    env->host_a = reg_efr_hasup(env->efr);
    env->host_d = reg_efr_hdsup(env->efr);
    env->snp = reg_efr_snpsup(env->efr);
    env->snp_mode0_illegal = env->snp && !device->config.value[CONFIG_DTE_SNP_MODE0];
    env->force_physical = device->config.value[CONFIG_FORCE_PHYSICAL] && reg_efr_forcephydestsup(env->efr);
    config_dte_reserved(&device->config, env->dte_reserved);
}

/* 13 #23: tables that no accessed or dirty bit can be set in are only read. */
static uint8_t guest_table_need(const struct amdvi_device *device)
{
    const struct tables_env *env = &device->env;
    bool updates = env->hardware_ad && !(env->guest_a_disabled && env->guest_d_disabled);

    return updates && device->config.value[CONFIG_GUEST_TABLE_IW] ? PERM_READ | PERM_WRITE : PERM_READ;
}

static void derive_modes(struct amdvi_device *device)
{
    struct tables_env *env = &device->env;
    uint64_t c = control(device);

    env->guest_enabled = reg_control_gten(c);
    env->gcr3_root_is_gpa = reg_control_gcr3trpmode(c);
    env->guest_a_disabled = reg_control_gaupdatedis(c);
    env->guest_d_disabled = reg_control_gdupdatedis(c);
    env->guest_table_need = guest_table_need(device);
    env->irte_128 = reg_control_gaen(c);
    /* 2.4: with SNP the vAPIC mode needs SNPAVICEn too. */
    env->guest_mode_legal = reg_control_gamen(c) == 1 && (!env->snp || reg_control_snpavicen(c) == 1);
    env->x2apic = reg_control_xten(c);
    env->int_2048 = reg_control_numintremapmode(c) == 1;
    env->smi_filter = reg_control_smifen(c);
    env->viommu_enabled = reg_control_viommuen(c);
    env->marc = reg_control_marcen(c) && device->config.value[CONFIG_MARC_MATCH] != MARC_NOTHING;
    device->entries.decode_epoch++;
    held_forget_all(device);
}

void segments_derive(struct amdvi_device *device)
{
    struct dte_segments *segments = &device->segments;

    segments->log2 = (uint8_t)reg_control_devtblsegen(control(device));
    for (unsigned i = 0; i < DTE_SEGMENTS; i++) {
        uint64_t base = device->reg[i ? REG_DEVTAB_SEG1 + i - 1 : REG_DEVTAB_BASE];
        segments->base[i] = reg_devtab_base_base(base);
        segments->entries[i] = (uint32_t)(reg_devtab_base_size(base) + 1) * 128;
    }
}

/* By choice the reserved bits of these commands do not make them illegal (15 D20). */
static void ignore_reserved(struct cmd_rules *rules, unsigned opcode)
{
    rules->reserved[opcode][0] = rules->reserved[opcode][1] = 0;
}

/* Bits that a choice gives a meaning, or takes it from (viommu 11 #28, #38). */
static void change_rules(struct amdvi_device *device)
{
    device->rules.iotlb_pasid_split = device->config.value[CONFIG_CMD_IOTLB_PASID];
    if (device->config.value[CONFIG_RESET_ALL_BIT] == 27)
        device->rules.reserved[CMD_RESET_VMMIO][0] &= ~((uint64_t)1 << 27);
    if (device->config
            .value[CONFIG_CMD_IOTLB_TYPE]) /* TYPE stays reserved in spite of InvIotlbTypeSup (13 #35) */
        device->rules.reserved[CMD_INVALIDATE_IOTLB_PAGES][1] |= CMD_INV_IOTLB_TYPE_MASK;
    if (device->config.value[CONFIG_CMD_GUEST_RESERVED]) {
        ignore_reserved(&device->rules, CMD_INSERT_GUEST_EVENT);
        ignore_reserved(&device->rules, CMD_RESET_VMMIO);
    }
    if (device->config.value[CONFIG_INSERT_EVENT]) {
        device->rules.reserved[CMD_INSERT_GUEST_EVENT][0] &= ~((uint64_t)0xf << 56);
        device->rules.reserved[CMD_INSERT_GUEST_EVENT][1] = 0;
    }
}

static void derive_switches(struct amdvi_device *device)
{
    struct tables_env *env = &device->env;
    const uint64_t *value = device->config.value;

    env->gv_needs_gten = value[CONFIG_DTE_GV_GTEN0];
    env->leaf_step = value[CONFIG_LEAF_LEVEL] ? 0 : 9;
    env->level1_leaves = value[CONFIG_LEVEL1];
    env->entry_order = (uint8_t)value[CONFIG_ENTRY_ORDER];
    env->a_of_leaf_only = value[CONFIG_HOST_A];
    env->gcr3_inner_is_spa = value[CONFIG_GCR3_INNER];
    env->privileged_may_write = !value[CONFIG_WP];
    env->rights_kept = value[CONFIG_DTE_RIGHTS];
    env->guest_each_level = value[CONFIG_GUEST_PERMISSION];
}

void device_derive(struct amdvi_device *device)
{
    struct tables_env *env = &device->env;
    const uint64_t *value = device->config.value;

    env->efr = value[CONFIG_EFR];
    env->efr2 = value[CONFIG_EFR2];
    env->cap = (uint32_t)value[CONFIG_CAP_HEADER];
    env->hardware_ad = value[CONFIG_HARDWARE_AD];
    derive_switches(device);
    derive_features(device);
    derive_modes(device);
    segments_derive(device);
    cmd_rules_make(&device->rules, env->efr, env->efr2, env->cap);
    change_rules(device);
}

/* DevTblSegEn above what is supported is ignored (2.4). */
uint64_t control_legal(const struct amdvi_device *device, uint64_t old, uint64_t value)
{
    if (reg_control_devtblsegen(value) > reg_efr_devtblsegsup(device->env.efr))
        value = reg_control_set_devtblsegen(value, reg_control_devtblsegen(old));
    return value;
}

static bool rose(uint64_t old, uint64_t now, uint64_t mask)
{
    return ~old & now & mask;
}

void command_restart(struct amdvi_device *device)
{
    device->command_restarts++;
    device->command_blocked.held = false;
}

/* Run bits follow the AND of IommuEn and the enable bit; an error or overflow clears them until the enable
 * bit rises again (2.4, 2.7, 7.1). */
void control_changed(struct amdvi_device *device, uint64_t old)
{
    uint64_t now = control(device);
    bool was = reg_control_iommuen(old) && reg_control_cmdbufen(old);
    bool is = reg_control_iommuen(now) && reg_control_cmdbufen(now);

    jobs_mark_all(device); /* what was looked up in other modes is not kept */
    device->command_run = is && (device->command_run || !was);
    if (is && !was)
        command_restart(device);
    if (rose(old, now, REG_CONTROL_EVENTLOGEN_MASK))
        log_enable_rose(device, AMDVI_LOG_EVENT);
    if (rose(old, now, REG_CONTROL_PPRLOGEN_MASK))
        log_enable_rose(device, AMDVI_LOG_PPR);
    if (rose(old, now, REG_CONTROL_GALOGEN_MASK))
        log_enable_rose(device, AMDVI_LOG_GA);
    log_dual_changed(device, old);
    derive_modes(device);
    segments_derive(device);
    if ((old ^ now) & (REG_CONTROL_IOMMUEN_MASK | REG_CONTROL_VIOMMUEN_MASK | REG_CONTROL_VCMDEN_MASK))
        device->guests.unsettled = true;
}
