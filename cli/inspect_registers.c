// SPDX-License-Identifier: Apache-2.0
/* `amdvi inspect --registers`. */
#include "cli/inspect.h"

#include <inttypes.h>

static void add_json(struct json_object *array, const struct amdvi_register *reg, uint32_t offset,
                     uint64_t value)
{
    struct json_object *object = json_object_new_object();

    json_put_hex(object, "offset", offset);
    json_put_text(object, "name", reg->name);
    json_put_count(object, "width_bytes", reg->width);
    json_put_hex(object, "value", value);
    json_object_object_add(object, "fields", fields_json(reg->layout, &value));
    json_object_array_add(array, object);
}

static void print(const struct amdvi_register *reg, uint32_t offset, uint64_t value)
{
    printf("  0x%04x %-20s 0x%0*" PRIx64 "  %s\n", offset, reg->name, reg->width * 2, value,
           reg->layout->title);
    if (value)
        fields_print(reg->layout, &value, FIELDS_SET, 6);
}

static bool show(const struct scene *scene, struct json_object *array, const struct amdvi_register *reg,
                 uint32_t offset)
{
    uint64_t value = 0;

    if (amdvi_mmio_read(scene->device, offset, reg->width, &value) != AMDVI_OK)
        return false;
    if (!value && !scene->all)
        return false;
    if (array)
        add_json(array, reg, offset, value);
    else
        print(reg, offset, value);
    return true;
}

void inspect_registers(const struct scene *scene)
{
    struct json_object *array = scene->json ? json_object_new_array() : NULL;
    uint64_t size = amdvi_mmio_size(scene->device), zero = 0;

    if (!array)
        puts("registers");
    for (uint32_t offset = 0; offset < size;) {
        const struct amdvi_register *reg = amdvi_register_at(offset);
        zero += reg && !show(scene, array, reg, offset);
        offset += reg ? reg->width : 4;
    }
    if (array)
        json_object_object_add(scene->json, "registers", array);
    else if (!scene->all)
        printf("  %" PRIu64 " more are zero (--all shows them)\n", zero);
}
