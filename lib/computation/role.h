/* Who may do what. A key has the roles that the manifest gives it; a deed is open to some roles.
 *
 * This decides permission only. Who asks has been proven before, and whether the deed is possible
 * in the present state is state.h. */
#ifndef COCOS_COMPUTATION_ROLE_H
#define COCOS_COMPUTATION_ROLE_H

#include "lib/computation/manifest.h"

/* Bits: a key may have several roles. ROLE_DATASET_PROVIDER is held with respect to one dataset. */
enum role {
    ROLE_OWNER = 1,
    ROLE_ALGORITHM_PROVIDER = 2,
    ROLE_DATA_PROVIDER = 4,    /* of any dataset */
    ROLE_DATASET_PROVIDER = 8, /* of the dataset that is meant */
    ROLE_CONSUMER = 16,
    ROLE_LOG_READER = 32
};

enum deed {
    DEED_SET_COMPUTATION,
    DEED_READ_COMPUTATION,
    DEED_END_COMPUTATION,
    DEED_SEND_ALGORITHM,
    DEED_SEND_DATASET,
    DEED_START_RUN,
    DEED_FETCH_RESULT,
    DEED_READ_RECEIPT,
    DEED_READ_LOGS,
    DEED_READ_EVENTS,
    DEED_COUNT
};

/* The roles of an identity; filename (may be NULL) is the dataset that is meant. */
unsigned role_of(const struct manifest *manifest, const uint8_t identity[static SHA256_SIZE],
                 const char *filename);

/* 0 when one of the roles allows the deed. FORBIDDEN otherwise, saying whose it is. */
MUST_USE int role_check(unsigned roles, enum deed deed, struct err *err);

#endif
