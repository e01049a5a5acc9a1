/* For lib/crypto only: one PEM block (RFC 7468), strictly: one block without headers and nothing
 * but white space around it. */
#ifndef COCOS_CRYPTO_PEM_H
#define COCOS_CRYPTO_PEM_H

#include "lib/base/buf.h"

#define PEM_MAX        (64 * KIB)
#define PEM_LABEL_SIZE 64

struct pem {
    char label[PEM_LABEL_SIZE]; /* "PUBLIC KEY" */
    struct buf content;         /* wiped when released */
};

void pem_done(struct pem *pem);
#define OWNED_PEM __attribute__((cleanup(pem_done))) struct pem

/* True when text looks like PEM rather than DER. */
bool pem_is(struct span text);

/* Errors: INPUT. */
MUST_USE int pem_parse(struct span text, struct pem *ret, struct err *err);

#endif
