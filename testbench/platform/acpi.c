// SPDX-License-Identifier: Apache-2.0
#include "testbench/platform/acpi.h"

#include <stdlib.h>
#include <string.h>

static size_t index_of(const struct acpi_tables *tables, const char *signature)
{
    size_t i = 0;

    while (i < tables->count && memcmp(tables->table[i].signature, signature, ACPI_SIGNATURE))
        i++;
    return i;
}

bool acpi_put(struct acpi_tables *tables, const char *signature, const void *bytes, size_t size, bool given)
{
    size_t index = index_of(tables, signature);
    struct acpi_table *table = &tables->table[index];
    void *copy;

    if (index < tables->count && table->given && !given)
        return true;
    if (index == ACPI_TABLES_MAX || size == 0 || !(copy = malloc(size)))
        return false;
    if (index == tables->count)
        tables->count++;
    else
        free(table->bytes);
    memcpy(copy, bytes, size);
    *table = (struct acpi_table){.bytes = copy, .size = size, .given = given};
    memcpy(table->signature, signature, ACPI_SIGNATURE);
    return true;
}

const struct acpi_table *acpi_find(const struct acpi_tables *tables, const char *signature)
{
    size_t index = index_of(tables, signature);

    return index < tables->count ? &tables->table[index] : NULL;
}

void acpi_clear(struct acpi_tables *tables)
{
    for (size_t i = 0; i < tables->count; i++)
        free(tables->table[i].bytes);
    tables->count = 0;
}
