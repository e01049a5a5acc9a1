#include "cli/cached.h"

#include "lib/attest/snp.h"
#include "lib/crypto/x509.h"

#include <stdio.h>

#define CERTS_MAX      (64 * KIB)
#define COLLATERAL_MAX (8 * MIB)

void cached_done(struct cached *cached)
{
    buf_done(&cached->vek);
    buf_done(&cached->chain);
    buf_done(&cached->crl);
    buf_done(&cached->collateral);
}

char *cached_vcek_name(const char *product, const char *chip, uint64_t tcb)
{
    return mem_printf("%s/vcek-%s-%016llx.der", product, chip, (unsigned long long)tcb);
}

bool cached_is_processor(const struct json *platform)
{
    const char *issuer = json_get_str(platform, "issuer");

    return issuer != NULL && strstr(issuer, "Processor") != NULL;
}

char *cached_collateral_name(const char *tee, const struct json *platform)
{
    return mem_printf("%s/%s-%s.json", tee, json_get_str(platform, "fmspc"),
                      cached_is_processor(platform) ? "processor" : "platform");
}

static bool find_file(const struct cache *cache, const char *product, const char *name,
                      struct buf *out)
{
    OWNED(free_str) char *path = mem_printf("%s/%s", product, name);
    struct err unused;

    if (cache_read(cache, path, out, NULL, &unused) == 0)
        return true;
    buf_reset(out);
    return false;
}

static bool find_vcek(const struct cache *cache, const char *product, const struct json *snp,
                      struct buf *out)
{
    const char *chip = json_get_str(snp, "chip_id");
    const char *raw = json_get_str(json_get(snp, "reported_tcb"), "raw");
    bool turin = strcmp(product, snp_product_name(SNP_TURIN)) == 0;
    OWNED(free_str) char *digits = NULL, *name = NULL;
    struct err unused;

    if (chip == NULL || raw == NULL)
        return false;
    digits = mem_copy(chip, turin ? 2 * (size_t)SNP_CHIP_ID_SIZE_TURIN : strlen(chip));
    name = cached_vcek_name(product, digits, strtoull(raw, NULL, 16));
    if (cache_read(cache, name, out, NULL, &unused) == 0)
        return true;
    buf_reset(out);
    return false;
}

/* Reports before version 3 do not say of which product they are; the file of their chip does. */
static void find_amd(const struct cache *cache, const struct json *snp, struct cached *ret)
{
    const char *said = json_get_str(snp, "product"), *key = json_get_str(snp, "signing_key");
    bool vlek = key != NULL && strcmp(key, "vlek") == 0;

    for (int i = SNP_PRODUCT_UNKNOWN + 1; said != NULL && i < SNP_PRODUCT_COUNT; i++) {
        const char *product = snp_product_name((enum snp_product)i);
        bool is_said = strcmp(said, product) == 0;

        if (!is_said && snp_product_of_name(said) != SNP_PRODUCT_UNKNOWN)
            continue;
        if (!find_vcek(cache, product, snp, &ret->vek) && !is_said)
            continue;
        (void)find_file(cache, product, CACHED_CHAIN(vlek), &ret->chain);
        (void)find_file(cache, product, CACHED_CRL(vlek), &ret->crl);
        return;
    }
}

static void find_intel(const struct cache *cache, const struct json *claims, struct cached *ret)
{
    static const struct {
        const char *claims, *name;
    } tees[] = {{"tdx", "TDX"}, {"sgx", "SGX"}};

    for (size_t i = 0; i < COUNT_OF(tees); i++) {
        const struct json *platform = json_get(json_get(claims, tees[i].claims), "platform");
        OWNED(free_str) char *name = NULL;
        struct err unused;

        if (json_get_str(platform, "fmspc") == NULL)
            continue;
        name = cached_collateral_name(tees[i].name, platform);
        if (cache_read(cache, name, &ret->collateral, NULL, &unused) < 0)
            buf_reset(&ret->collateral);
        return;
    }
}

void cached_find(const struct cache *cache, const struct json *claims, struct cached *ret)
{
    *ret = (struct cached){BUF_OF(CERTS_MAX), BUF_OF(CERTS_MAX), BUF_OF(X509_CRL_SIZE_MAX),
                           BUF_OF(COLLATERAL_MAX)};
    if (json_get(claims, "snp") != NULL)
        find_amd(cache, json_get(claims, "snp"), ret);
    find_intel(cache, claims, ret);
}
