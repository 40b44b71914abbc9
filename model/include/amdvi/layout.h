// SPDX-License-Identifier: Apache-2.0
/**
 * @file
 * What every register, command, log record and table entry looks like, as data.
 *
 * A layout is a run of bits, kept as little-endian 64-bit words: bit n of the layout is bit n % 64 of word n
 * / 64. A field is a named part of it. Most fields are one contiguous stretch; some are scattered, and then
 * `pieces` says which bits of the layout make which bits of the value. Fields with `view` set are another
 * reading of bits that belong to other fields too. The tables are constant and may be read by any thread.
 *
 * Example: print the Mode of a device table entry.
 * @code
 * const struct amdvi_layout *dte = amdvi_layout_find("dte");
 * const struct amdvi_field *mode = amdvi_layout_field(dte, "Mode");
 * printf("%llu\n", (unsigned long long)amdvi_field_get(mode, words));
 * @endcode
 */
#ifndef AMDVI_LAYOUT_H
#define AMDVI_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Layout bits lsb .. lsb+width-1 are value bits at .. at+width-1. A piece never crosses a 64-bit word. */
struct amdvi_piece {
    uint16_t lsb;
    uint8_t width;
    uint8_t at;
};

/** A named value of a field; a list of them ends with a name of NULL. */
struct amdvi_enum {
    uint64_t value;
    const char *name;
};

/** A part of a layout. */
struct amdvi_field {
    const char *name; /**< the term of the specification; "Rsvd" and "Ignored" may occur several times */
    uint8_t npieces;
    struct amdvi_piece pieces[4];
    bool reserved;                   /**< must be 0 whatever the features are */
    bool ignored;                    /**< hardware does not look at it */
    bool address;                    /**< the value is an address, its low bits in place */
    const char *view;                /**< when this reading of the bits applies, NULL for always */
    const struct amdvi_enum *values; /**< names of values, or NULL */
    const char *doc, *section, *source;
    const char *gate; /**< condition over the feature registers, NULL for always */
};

/** A register, command, record or table entry. */
struct amdvi_layout {
    const char *name;  /**< short name: "dte", "cmd_inv_pages", "reg_control" */
    const char *title; /**< name in the specification */
    const char *room;  /**< part of the project that describes it */
    const char *doc, *section;
    const char *gate; /**< feature that it needs, NULL for none */
    uint16_t bits;
    uint16_t nfields;
    uint8_t opcode; /**< of a command, else 0 */
    uint8_t code;   /**< of an event record, else 0 */
    const struct amdvi_field *fields;
};

/** One register, or one element of a register array. */
struct amdvi_register {
    const char *name; /**< "control", "smi_filter3" */
    uint32_t offset;
    uint8_t width; /**< bytes */
    uint8_t index; /**< element number of an array, else 0 */
    const struct amdvi_layout *layout;
};

/** Number of layouts. */
size_t amdvi_layout_count(void);

/** Layout number @p index, NULL beyond the end. */
const struct amdvi_layout *amdvi_layout_at(size_t index);

/** Layout of that short name, or NULL. */
const struct amdvi_layout *amdvi_layout_find(const char *name);

/** Field of that name, or NULL. @p layout may be NULL. */
const struct amdvi_field *amdvi_layout_field(const struct amdvi_layout *layout, const char *name);

/** Layout of a command by its opcode, or NULL for a reserved opcode. */
const struct amdvi_layout *amdvi_layout_of_command(unsigned opcode);

/** Layout of an event record by its code, or NULL for an unknown code. */
const struct amdvi_layout *amdvi_layout_of_event(unsigned code);

/** Value of a field. @p words holds the whole layout, least significant word first. */
uint64_t amdvi_field_get(const struct amdvi_field *field, const uint64_t *words);

/** Replaces a field; bits of @p value that the field does not have are ignored. */
void amdvi_field_set(const struct amdvi_field *field, uint64_t *words, uint64_t value);

/** Name of a field's value, or NULL if that value has none. */
const char *amdvi_field_value_name(const struct amdvi_field *field, uint64_t value);

/** Host register that holds byte @p offset of the MMIO window, or NULL. Counter registers are found for any
 * bank. */
const struct amdvi_register *amdvi_register_at(uint32_t offset);

/** Register that holds byte @p offset of a guest's VF MMIO page, or NULL. */
const struct amdvi_register *amdvi_vf_register_at(uint32_t offset);

/** Register that holds byte @p offset of a guest's VF Control block, or NULL. */
const struct amdvi_register *amdvi_vfc_register_at(uint32_t offset);

/** Host register of that name, or NULL. */
const struct amdvi_register *amdvi_register_find(const char *name);

#ifdef __cplusplus
}
#endif

#endif
