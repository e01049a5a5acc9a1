#include "services/manager-api/fleet/tidings.h"

#include <stdio.h>

void tidings_release(struct tidings *tidings)
{
    for (size_t i = 0; i < tidings->count; i++)
        json_free(tidings->items[i].data);
    free(tidings->items);
    *tidings = (struct tidings){0};
}

void tidings_add(struct tidings *tidings, const struct entry *entry, const char *type,
                 struct json *data)
{
    struct tiding *tiding = NULL;

    tidings->items = mem_resize(tidings->items, tidings->count + 1, sizeof(*tidings->items));
    tiding = &tidings->items[tidings->count++];
    memcpy(tiding->id, entry->record.id, sizeof(tiding->id));
    memcpy(tiding->owner, entry->record.owner, sizeof(tiding->owner));
    snprintf(tiding->type, sizeof(tiding->type), "%s", type);
    tiding->data = data;
}

void tidings_tell(struct tidings *tidings, struct fleet *fleet)
{
    for (size_t i = 0; i < tidings->count; i++) {
        struct tiding *tiding = &tidings->items[i];

        fleet_tell(fleet, tiding->id, tiding->owner, tiding->type, GIVE(tiding->data));
    }
    tidings_release(tidings);
}
