// SPDX-License-Identifier: GPL-2.0-only
/* ACPI: tables of the machine, and no namespace. */
#include <linux/acpi.h>

#include "glue.h"

int acpi_disabled;

acpi_status kshim_get_table(char *signature, u32 instance, struct acpi_table_header **table)
    KERNEL(acpi_get_table);
acpi_status kshim_get_table(char *signature, u32 instance, struct acpi_table_header **table)
{
    *table = kshim_ops->acpi_table(kshim_ops->context, signature, instance ? instance - 1 : 0);
    return *table ? AE_OK : AE_NOT_FOUND;
}

const char *kshim_acpi_exception(acpi_status status) KERNEL(acpi_format_exception);
const char *kshim_acpi_exception(acpi_status status)
{
    return status == AE_NOT_FOUND ? "AE_NOT_FOUND" : "another one";
}
