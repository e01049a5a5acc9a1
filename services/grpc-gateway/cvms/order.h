/* A computation as a computation server orders it (cvms.ComputationRunReq), in two other forms: the
 * manifest that our agent takes, and the JSON of the older programs whose digest they measure. */
#ifndef COCOS_GATEWAY_CVMS_ORDER_H
#define COCOS_GATEWAY_CVMS_ORDER_H

#include "lib/crypto/digest.h"
#include "lib/crypto/key.h"
#include "lib/json/json.h"

#include <proto/cvms.pb-c.h>

#define ORDER_SIZE_MAX   (4 * MIB)
#define ORDER_MEMORY_MAX (16 * MIB)

/* What an order does not say, since the older programs have no such thing. */
struct order_terms {
    const struct key *owner; /* who may end it, and reads its events and logs */
    uint64_t timeout_ms;     /* of the run */
    uint32_t memory_mib;
    uint64_t log_bytes; /* how much is kept of what the algorithm says; 0: nothing, to nobody */
    bool signatures;    /* legacy.signatures */
};

/* Our manifest. What an order has that ours do not (a source with a key broker) is UNSUPPORTED,
 * what is wrong in it INPUT, with the JSON pointer that the member has in their form. Whether the
 * result is a good manifest in all else, the agent says. */
MUST_USE int order_to_manifest(const Cvms__ComputationRunReq *order,
                               const struct order_terms *terms, struct json **ret, struct err *err);

/* SHA3-256 over the canonical form that the older programs give the manifest. Errors: INPUT. */
#define ORDER_DIGEST_SIZE 32
MUST_USE int order_digest(const Cvms__ComputationRunReq *order,
                          uint8_t out[static ORDER_DIGEST_SIZE], struct err *err);

#endif
