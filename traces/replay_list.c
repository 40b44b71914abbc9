// SPDX-License-Identifier: Apache-2.0
#include "traces/replay_internal.h"

#include <stdlib.h>
#include <string.h>

/* False when there is no memory; the list is then as it was. */
bool list_add(struct list *list, const void *item)
{
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        void *items = realloc(list->items, room * list->item_bytes);
        if (!items)
            return false;
        list->items = items;
        list->room = room;
    }
    memcpy((char *)list->items + list->count++ * list->item_bytes, item, list->item_bytes);
    return true;
}

void list_remove(struct list *list, size_t index)
{
    char *at = (char *)list->items + index * list->item_bytes;

    memmove(at, at + list->item_bytes, (list->count - index - 1) * list->item_bytes);
    list->count--;
}

void list_free(struct list *list)
{
    free(list->items);
    list->items = NULL;
    list->count = list->room = 0;
}
