/* What a manifest declares that must arrive, and what of it has: the algorithm, its requirements,
 * the datasets. Pure book-keeping; the bytes are somebody else's.
 *
 * A list belongs to the manifest it was made from, which must live as long. It is not thread-safe
 * by itself. */
#ifndef COCOS_COMPUTATION_ASSET_H
#define COCOS_COMPUTATION_ASSET_H

#include "lib/computation/manifest.h"

#define ASSET_PIN_SIZE 32

enum asset_kind { ASSET_ALGORITHM, ASSET_REQUIREMENTS, ASSET_DATASET, ASSET_KIND_COUNT };

extern const char *const asset_kind_names[]; /* "algorithm", "requirements", "dataset" */

enum asset_status {
    ASSET_AWAITED,
    ASSET_ARRIVING, /* somebody is sending it */
    ASSET_PRESENT
};

struct asset {
    enum asset_kind kind;
    const char *name; /* a dataset's file name, else the name of the kind; borrowed */
    const uint8_t *pin;
    bool decompress;
    enum asset_status status;
    uint64_t bytes; /* once it is present */
};

struct asset_list {
    struct asset *items;
    size_t count;
};

struct asset_list *asset_list_new(const struct manifest *manifest);
void asset_list_free(struct asset_list *list);
DEFINE_OWNED(asset_list)

/* The asset of a kind; name matters for datasets only. NOT_FOUND when it is not declared. */
MUST_USE int asset_find(struct asset_list *list, enum asset_kind kind, const char *name,
                        struct asset **ret, struct err *err);

/* Whether it may be sent now: STATE when it is there already, when somebody else is sending it, and
 * for an algorithm whose requirements have not arrived (they come first, since the algorithm's
 * arrival moves on). */
MUST_USE int asset_check(const struct asset_list *list, const struct asset *asset, struct err *err);

/* Compares the digest of what arrived with the pin: INPUT with both when they differ. */
MUST_USE int asset_check_pin(const struct asset *asset, const uint8_t digest[static ASSET_PIN_SIZE],
                             struct err *err);

/* True when nothing of a kind, or of any (ASSET_KIND_COUNT), is awaited or arriving. */
bool asset_list_complete(const struct asset_list *list, enum asset_kind kind);

#endif
