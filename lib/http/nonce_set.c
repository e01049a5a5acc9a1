#include "lib/http/signature.h"

#define SLOTS_MIN 64

/* Open addressing over digests; a slot whose `until` is 0 is free. Entries are only dropped when
 * the table is rebuilt, so that chains never break. */
struct slot {
    uint8_t digest[SHA256_SIZE];
    int64_t until;
};

struct nonce_set {
    struct slot *slots;
    size_t size; /* a power of two */
    size_t used;
    int64_t forgotten; /* the latest `until` that was dropped */
};

struct nonce_set *nonce_set_new(void)
{
    struct nonce_set *set = mem_new(struct nonce_set);

    set->size = SLOTS_MIN;
    set->slots = mem_zeroed(set->size, sizeof(*set->slots));
    return set;
}

void nonce_set_free(struct nonce_set *set)
{
    if (set == NULL)
        return;
    free(set->slots);
    free(set);
}

/* The slot that holds digest, or the free one where it belongs. */
static struct slot *find_slot(struct nonce_set *set, const uint8_t digest[static SHA256_SIZE])
{
    size_t at = 0;

    memcpy(&at, digest, sizeof(at));
    for (;; at++) {
        struct slot *slot = &set->slots[at & (set->size - 1)];

        if (slot->until == 0 ||
            span_equal(SPAN_OF_ARRAY(slot->digest), span_of(digest, SHA256_SIZE)))
            return slot;
    }
}

/* Drops what has expired and makes room for twice of what is left. */
static void rebuild(struct nonce_set *set, int64_t now)
{
    struct nonce_set old = *set;
    size_t alive = 0;

    for (size_t i = 0; i < old.size; i++)
        alive += old.slots[i].until >= now;
    set->size = SLOTS_MIN;
    while (set->size < 4 * alive)
        set->size *= 2;
    set->slots = mem_zeroed(set->size, sizeof(*set->slots));
    set->used = alive;
    for (size_t i = 0; i < old.size; i++) {
        const struct slot *slot = &old.slots[i];

        if (slot->until >= now)
            *find_slot(set, slot->digest) = *slot;
        else if (slot->until > set->forgotten)
            set->forgotten = slot->until;
    }
    free(old.slots);
}

/* Unambiguous: the key's name has a fixed length. */
static void digest_entry(const char *key_id, const char *nonce, uint8_t out[static SHA256_SIZE])
{
    OWNED_DIGEST *digest = digest_new(DIGEST_SHA256);

    digest_add(digest, span_of_str(key_id));
    digest_add(digest, span_of("\0", 1));
    digest_add(digest, span_of_str(nonce));
    digest_finish(digest, out);
}

int nonce_set_add(struct nonce_set *set, const char *key_id, const char *nonce, int64_t expires,
                  int64_t now, struct err *err)
{
    int64_t until = expires + SIGNATURE_SKEW_S;
    uint8_t digest[SHA256_SIZE];
    struct slot *slot;

    /* When the clock went forward and back again, what was dropped meanwhile counts as seen. */
    if (until < now || until <= set->forgotten)
        return err_set(err, ERR_UNAUTHENTICATED, "signature: it has expired");
    digest_entry(key_id, nonce, digest);
    if (find_slot(set, digest)->until != 0)
        return err_set(err, ERR_UNAUTHENTICATED, "signature: this nonce was used before");

    if (set->used >= set->size / 2 || set->used >= NONCE_SET_MAX)
        rebuild(set, now);
    if (set->used >= NONCE_SET_MAX)
        return err_set(err, ERR_TOO_MANY, "too many signed requests; try again in some minutes");
    slot = find_slot(set, digest);
    memcpy(slot->digest, digest, SHA256_SIZE);
    slot->until = until;
    set->used++;
    return 0;
}
