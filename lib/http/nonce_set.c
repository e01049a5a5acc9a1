#include "lib/http/signature.h"

#include <stdio.h>

#define SLOTS_MIN 64

/* Open addressing over digests; a slot whose `until` is 0 is free. Entries are only dropped when
 * the table is rebuilt, so that chains never break. */
struct slot {
    uint8_t digest[SHA256_SIZE];
    int64_t until;
};

/* The nonces of one key. */
struct shelf {
    char key_id[KEY_IDENTITY_TEXT_SIZE];
    struct slot *slots;
    size_t size; /* a power of two */
    size_t used;
};

struct nonce_set {
    struct shelf *shelves;
    size_t count;
    size_t used;       /* on all shelves */
    int64_t forgotten; /* the latest `until` that was dropped */
};

struct nonce_set *nonce_set_new(void)
{
    return mem_new(struct nonce_set);
}

void nonce_set_free(struct nonce_set *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->count; i++)
        free(set->shelves[i].slots);
    free(set->shelves);
    free(set);
}

/* The slot that holds digest, or the free one where it belongs. */
static struct slot *find_slot(struct shelf *shelf, const uint8_t digest[static SHA256_SIZE])
{
    size_t at = 0;

    memcpy(&at, digest, sizeof(at));
    for (;; at++) {
        struct slot *slot = &shelf->slots[at & (shelf->size - 1)];

        if (slot->until == 0 ||
            span_equal(SPAN_OF_ARRAY(slot->digest), span_of(digest, SHA256_SIZE)))
            return slot;
    }
}

static struct shelf *find_shelf(struct nonce_set *set, const char *key_id)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->shelves[i].key_id, key_id) == 0)
            return &set->shelves[i];
    return NULL;
}

static struct shelf *add_shelf(struct nonce_set *set, const char *key_id)
{
    struct shelf *shelf;

    set->shelves = mem_resize(set->shelves, set->count + 1, sizeof(*set->shelves));
    shelf = &set->shelves[set->count++];
    *shelf = (struct shelf){.size = SLOTS_MIN};
    snprintf(shelf->key_id, sizeof(shelf->key_id), "%s", key_id);
    shelf->slots = mem_zeroed(shelf->size, sizeof(*shelf->slots));
    return shelf;
}

/* Drops what has expired and makes room for twice of what is left. */
static void rebuild(struct nonce_set *set, struct shelf *shelf, int64_t now)
{
    struct shelf old = *shelf;
    size_t alive = 0;

    for (size_t i = 0; i < old.size; i++)
        alive += old.slots[i].until >= now;
    shelf->size = SLOTS_MIN;
    while (shelf->size < 4 * alive)
        shelf->size *= 2;
    shelf->slots = mem_zeroed(shelf->size, sizeof(*shelf->slots));
    shelf->used = alive;
    for (size_t i = 0; i < old.size; i++) {
        const struct slot *slot = &old.slots[i];

        if (slot->until >= now)
            *find_slot(shelf, slot->digest) = *slot;
        else if (slot->until > set->forgotten)
            set->forgotten = slot->until;
    }
    set->used -= old.used - alive;
    free(old.slots);
}

/* The same for all, and no shelf stays empty. */
static void rebuild_all(struct nonce_set *set, int64_t now)
{
    size_t kept = 0;

    for (size_t i = 0; i < set->count; i++) {
        rebuild(set, &set->shelves[i], now);
        if (set->shelves[i].used > 0)
            set->shelves[kept++] = set->shelves[i];
        else
            free(set->shelves[i].slots);
    }
    set->count = kept;
}

/* The shelf with room for one more. */
static int make_room(struct nonce_set *set, const char *key_id, int64_t now, struct shelf **ret,
                     struct err *err)
{
    struct shelf *shelf = find_shelf(set, key_id);

    if (set->used >= NONCE_SET_MAX || (shelf == NULL && set->count >= NONCE_KEYS_MAX)) {
        rebuild_all(set, now);
        shelf = find_shelf(set, key_id);
    }
    if (set->used >= NONCE_SET_MAX || (shelf == NULL && set->count >= NONCE_KEYS_MAX))
        return err_set(err, ERR_TOO_MANY, "too many signed requests; try again in some minutes");
    if (shelf == NULL)
        shelf = add_shelf(set, key_id);
    if (shelf->used >= shelf->size / 2 || shelf->used >= NONCE_KEY_MAX)
        rebuild(set, shelf, now);
    if (shelf->used >= NONCE_KEY_MAX)
        return err_set(err, ERR_TOO_MANY,
                       "too many requests signed by one key; try again in some minutes");
    *ret = shelf;
    return 0;
}

int nonce_set_add(struct nonce_set *set, const char *key_id, const char *nonce, int64_t expires,
                  int64_t now, struct err *err)
{
    int64_t until = expires + SIGNATURE_SKEW_S;
    struct shelf *shelf = find_shelf(set, key_id);
    uint8_t digest[SHA256_SIZE];
    struct slot *slot;

    /* When the clock went forward and back again, what was dropped meanwhile counts as seen. */
    if (until < now || until <= set->forgotten)
        return err_set(err, ERR_UNAUTHENTICATED, "signature: it has expired");
    digest_of(DIGEST_SHA256, span_of_str(nonce), digest);
    if (shelf != NULL && find_slot(shelf, digest)->until != 0)
        return err_set(err, ERR_UNAUTHENTICATED, "signature: this nonce was used before");

    if (make_room(set, key_id, now, &shelf, err) < 0)
        return -1;
    slot = find_slot(shelf, digest);
    memcpy(slot->digest, digest, SHA256_SIZE);
    slot->until = until;
    shelf->used++;
    set->used++;
    return 0;
}
