/* Events that are found while the fleet's lock is held, and told after it was let go. */
#ifndef COCOS_MANAGER_FLEET_TIDINGS_H
#define COCOS_MANAGER_FLEET_TIDINGS_H

#include "services/manager-api/fleet/entry.h"

#define TIDING_TYPE_SIZE 40

struct tiding {
    char id[VM_ID_SIZE];
    char owner[VM_NAME_SIZE];
    char type[TIDING_TYPE_SIZE];
    struct json *data; /* owned */
};

struct tidings {
    struct tiding *items;
    size_t count;
};

void tidings_release(struct tidings *tidings);
#define OWNED_TIDINGS __attribute__((cleanup(tidings_release))) struct tidings

/* Takes data over. */
void tidings_add(struct tidings *tidings, const struct entry *entry, const char *type,
                 struct json *data);

/* Tells and empties; without the lock. */
void tidings_tell(struct tidings *tidings, struct fleet *fleet);

#endif
