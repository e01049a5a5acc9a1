/* What the cache holds for a piece of evidence, found by what the evidence says of its signer. */
#ifndef COCOS_CLI_CACHED_H
#define COCOS_CLI_CACHED_H

#include "cli/cache.h"
#include "lib/attest/attest.h"
#include "lib/json/json.h"

struct cached {
    struct buf vek, chain, crl, collateral; /* empty: not there */
};

void cached_done(struct cached *cached);
#define OWNED_CACHED __attribute__((cleanup(cached_done))) struct cached

/* The folder of the product, and names of its files in it. */
#define CACHED_CHAIN(vlek) ((vlek) ? "asvk_ark.pem" : "ask_ark.pem")
#define CACHED_CRL(vlek)   ((vlek) ? "vlek.crl" : "vcek.crl")
/* "Milan/vcek-CHIP-TCB.der"; chip in hex, tcb as the report has it. Free with free(). */
char *cached_vcek_name(const char *product, const char *chip, uint64_t tcb);

/* Whether the platform's PCK is certified by the authority for processors, not that for platforms;
 * platform: as in the claims about a quote. */
bool cached_is_processor(const struct json *platform);
/* "TDX/FMSPC-platform.json". Free with free(). */
char *cached_collateral_name(const char *tee, const struct json *platform);

/* Files for the claims of a verdict; what is not there stays empty. */
void cached_find(const struct cache *cache, const struct json *claims, struct cached *ret);

#endif
