/* Who this agent is on the network: a fresh key pair and a self-signed certificate, made at start
 * and never written anywhere. Nothing vouches for it yet but the pin that the manager passes on. */
#ifndef COCOS_AGENT_IDENTITY_IDENTITY_H
#define COCOS_AGENT_IDENTITY_IDENTITY_H

#include "lib/base/buf.h"
#include "lib/crypto/digest.h"

#define IDENTITY_PIN_SIZE 64

struct identity {
    struct buf certificate;           /* PEM */
    struct buf key;                   /* PEM, secret */
    uint8_t spki_sha256[SHA256_SIZE]; /* of the public key */
    char pin[IDENTITY_PIN_SIZE];      /* "sha256//BASE64", as curl's --pinnedpubkey takes it */
};

/* now: seconds since 1970. Errors: INTERNAL. */
MUST_USE int identity_make(int64_t now, struct identity *ret, struct err *err);
void identity_done(struct identity *identity);

#endif
