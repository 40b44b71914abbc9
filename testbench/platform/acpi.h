// SPDX-License-Identifier: Apache-2.0
/* ACPI tables by signature. */
#ifndef AMDVI_PLATFORM_ACPI_H
#define AMDVI_PLATFORM_ACPI_H

#include <stdbool.h>
#include <stddef.h>

enum { ACPI_SIGNATURE = 4, ACPI_TABLES_MAX = 17 };

struct acpi_table {
    char signature[ACPI_SIGNATURE];
    void *bytes;
    size_t size;
    bool given; /* by the user: firmware's own does not take its place */
};

struct acpi_tables {
    struct acpi_table table[ACPI_TABLES_MAX];
    size_t count;
};

/* Copies the bytes; takes the place of one with that signature. False: no memory or no room. */
bool acpi_put(struct acpi_tables *tables, const char *signature, const void *bytes, size_t size, bool given);
/* Null when there is none. `signature` has at least 4 characters. */
const struct acpi_table *acpi_find(const struct acpi_tables *tables, const char *signature);
void acpi_clear(struct acpi_tables *tables);

#endif
