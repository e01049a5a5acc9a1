#include "services/agent-api/witness.h"

#include "lib/crypto/secret.h"
#include "lib/program/log.h"

static int ask(const struct witness *witness, struct buf *evidence, struct err *err)
{
    struct pact_ask ask = {.boot = 1};

    random_bytes(ask.nonce, sizeof(ask.nonce));
    return line_ask(witness->line, &ask, true, evidence, err);
}

static void add_chain(const struct witness *witness, struct receipt *receipt)
{
    struct json_blob *dice = &receipt->key_chain.dice;

    free(dice->data);
    *dice = (struct json_blob){0};
    if (witness->chain.len > 0)
        *dice = (struct json_blob){(uint8_t *)mem_copy(witness->chain.data, witness->chain.len),
                                   witness->chain.len};
}

int witness_sign(const struct witness *witness, struct receipt *receipt, struct buf *evidence,
                 struct err *err)
{
    struct err why;

    add_chain(witness, receipt);
    receipt->evidence_sha256 = (struct json_bytes){.present = false};
    if (ask(witness, evidence, &why) < 0) {
        buf_reset(evidence);
        log_warn("evidence for the receipt: %s", why.text);
    } else {
        receipt->evidence_sha256 = (struct json_bytes){.present = true, .len = SHA256_SIZE};
        digest_of(DIGEST_SHA256, buf_span(evidence), receipt->evidence_sha256.data);
    }
    return receipt_sign(receipt, witness->signer, err);
}
