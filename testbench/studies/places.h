// SPDX-License-Identifier: Apache-2.0
/*
 * Where the fields lie that a study writes or reads, from the descriptions of the layouts (amdvi/layout.h).
 * They are looked up once, when a world opens: an entry or a command of each operation takes no search.
 */
#ifndef AMDVI_STUDIES_PLACES_H
#define AMDVI_STUDIES_PLACES_H

#include <amdvi/layout.h>

/* Name here, layout, field. */
#define STUDIES_PLACES(PLACE)                                                                                \
    PLACE(HOST_PR, "v1", "PR")                                                                               \
    PLACE(HOST_NEXT, "v1", "NextLevel")                                                                      \
    PLACE(HOST_DIRTY, "v1", "D")                                                                             \
    PLACE(HOST_ADDRESS, "v1", "Addr")                                                                        \
    PLACE(HOST_IR, "v1", "IR")                                                                               \
    PLACE(HOST_IW, "v1", "IW")                                                                               \
    PLACE(GUEST_P, "v2", "P")                                                                                \
    PLACE(GUEST_RW, "v2", "RW")                                                                              \
    PLACE(GUEST_US, "v2", "US")                                                                              \
    PLACE(GUEST_A, "v2", "A")                                                                                \
    PLACE(GUEST_D, "v2", "D")                                                                                \
    PLACE(GUEST_PS, "v2", "PS")                                                                              \
    PLACE(GUEST_ADDRESS, "v2", "Addr")                                                                       \
    PLACE(GCR3_V, "gcr3", "V")                                                                               \
    PLACE(GCR3_ADDRESS, "gcr3", "Addr")                                                                      \
    PLACE(DTE_V, "dte", "V")                                                                                 \
    PLACE(DTE_TV, "dte", "TV")                                                                               \
    PLACE(DTE_MODE, "dte", "Mode")                                                                           \
    PLACE(DTE_ROOT, "dte", "Host root")                                                                      \
    PLACE(DTE_IR, "dte", "IR")                                                                               \
    PLACE(DTE_IW, "dte", "IW")                                                                               \
    PLACE(DTE_DOMAIN, "dte", "DomainID")                                                                     \
    PLACE(DTE_PPR, "dte", "PPR")                                                                             \
    PLACE(DTE_I, "dte", "I")                                                                                 \
    PLACE(DTE_HAD, "dte", "HAD")                                                                             \
    PLACE(DTE_GV, "dte", "GV")                                                                               \
    PLACE(DTE_GLX, "dte", "GLX")                                                                             \
    PLACE(DTE_GCR3, "dte", "GCR3 root")                                                                      \
    PLACE(DTE_GUEST_MODE, "dte", "GuestPagingMode")                                                          \
    PLACE(DTE_VIMU, "dte", "vImuEn")                                                                         \
    PLACE(DTE_GDEVICE, "dte", "GDeviceID")                                                                   \
    PLACE(DTE_GUEST, "dte", "GuestID")                                                                       \
    PLACE(CMD_OPCODE, "cmd", "Opcode")                                                                       \
    PLACE(WAIT_STORE, "cmd_completion_wait", "S")                                                            \
    PLACE(WAIT_ADDRESS, "cmd_completion_wait", "Address")                                                    \
    PLACE(WAIT_DATA, "cmd_completion_wait", "Data")                                                          \
    PLACE(PAGES_DOMAIN, "cmd_inv_pages", "DomainID")                                                         \
    PLACE(PAGES_PASID, "cmd_inv_pages", "PASID")                                                             \
    PLACE(PAGES_S, "cmd_inv_pages", "S")                                                                     \
    PLACE(PAGES_PDE, "cmd_inv_pages", "PDE")                                                                 \
    PLACE(PAGES_GN, "cmd_inv_pages", "GN")                                                                   \
    PLACE(PAGES_ADDRESS, "cmd_inv_pages", "Address")                                                         \
    PLACE(DEVTAB_DEVICE, "cmd_inv_devtab", "DeviceID")                                                       \
    PLACE(INTERRUPTS_DEVICE, "cmd_inv_intr", "DeviceID")                                                     \
    PLACE(RESET_GUEST, "cmd_reset_vmmio", "GuestID")                                                         \
    PLACE(RESET_ALL, "cmd_reset_vmmio", "All")                                                               \
    PLACE(RESET_VCMD, "cmd_reset_vmmio", "vCmd")                                                             \
    PLACE(CONTROL_IOMMU, "reg_control", "IommuEn")                                                           \
    PLACE(CONTROL_EVENTS, "reg_control", "EventLogEn")                                                       \
    PLACE(CONTROL_COHERENT, "reg_control", "Coherent")                                                       \
    PLACE(CONTROL_COMMANDS, "reg_control", "CmdBufEn")                                                       \
    PLACE(CONTROL_GT, "reg_control", "GTEn")                                                                 \
    PLACE(CONTROL_GCR3_GPA, "reg_control", "GCR3TRPMode")                                                    \
    PLACE(CONTROL_VCMD, "reg_control", "vCmdEn")                                                             \
    PLACE(CONTROL_VIOMMU, "reg_control", "vIommuEn")                                                         \
    PLACE(CONTROL_GA, "reg_control", "GAEn")                                                                 \
    PLACE(CONTROL_BUFFER_GPA, "reg_control", "GstBufferTRPMode")                                             \
    PLACE(CONTROL_PPR_LOG, "reg_control", "PPRLogEn")                                                        \
    PLACE(CONTROL_PPR_INT, "reg_control", "PPRIntEn")                                                        \
    PLACE(CONTROL_PPR, "reg_control", "PPREn")                                                               \
    PLACE(TABLE_BASE, "reg_devtab_base", "Base")                                                             \
    PLACE(TABLE_SIZE, "reg_devtab_base", "Size")                                                             \
    PLACE(RING_BASE, "reg_cmd_base", "Base")                                                                 \
    PLACE(RING_LEN, "reg_cmd_base", "Len")                                                                   \
    PLACE(LOG_BASE, "reg_event_base", "Base")                                                                \
    PLACE(LOG_LEN, "reg_event_base", "Len")                                                                  \
    PLACE(PPR_BASE, "reg_ppr_base", "Base")                                                                  \
    PLACE(PPR_LEN, "reg_ppr_base", "Len")                                                                    \
    PLACE(EARLY_THRESHOLD, "reg_ppr_overflow_early", "Threshold")                                            \
    PLACE(EARLY_INT, "reg_ppr_overflow_early", "IntEn")                                                      \
    PLACE(EARLY_EN, "reg_ppr_overflow_early", "En")                                                          \
    PLACE(STATUS_PPR_OVERFLOW, "reg_status", "PprOverflow")                                                  \
    PLACE(STATUS_PPR_INT, "reg_status", "PprInt")                                                            \
    PLACE(STATUS_PPR_EARLY, "reg_status", "PprOverflowEarly")                                                \
    PLACE(FEATURES_HATS, "reg_efr", "HATS")                                                                  \
    PLACE(FEATURES_GATS, "reg_efr", "GATS")                                                                  \
    PLACE(FEATURES_GLX, "reg_efr", "GLXSup")                                                                 \
    PLACE(VFC_TRANS_DEVICE, "vfc_misc", "TransDevID")                                                        \
    PLACE(VFC_RING_BASE, "vfc_cmd_control", "Base")                                                          \
    PLACE(VFC_RING_LEN, "vfc_cmd_control", "Len")                                                            \
    PLACE(VFC_RING_EN, "vfc_cmd_control", "CmdBufEn")

enum place {
#define PLACE(name, layout, field) PLACE_##name,
    STUDIES_PLACES(PLACE)
#undef PLACE
        PLACES
};

struct places {
    const struct amdvi_layout *layout[PLACES];
    const struct amdvi_field *field[PLACES];
};

/* False: a description has no such field. */
bool places_find(struct places *places);

static inline void place_set(const struct places *places, enum place place, uint64_t *words, uint64_t value)
{
    amdvi_field_set(places->field[place], words, value);
}

static inline uint64_t place_get(const struct places *places, enum place place, const uint64_t *words)
{
    return amdvi_field_get(places->field[place], words);
}

/* A word in which all bits of some fields are set; the list ends with PLACES. */
uint64_t place_bits(const struct places *places, const enum place *list);

/* Offsets of registers, by their names; UINT64_MAX: there is none. */
uint64_t place_register(const char *name);
uint64_t place_vf_register(const char *name);
uint64_t place_vfc_register(const char *name);

#endif
