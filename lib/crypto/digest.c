#include "lib/crypto/digest.h"

#include "lib/crypto/openssl.h"

static const struct {
    const char *name;
    const char *fetch; /* OpenSSL's name */
    size_t size;
} algs[DIGEST_ALG_COUNT] = {
    [DIGEST_SHA1] = {"sha1", "SHA1", 20},
    [DIGEST_SHA256] = {"sha256", "SHA2-256", SHA256_SIZE},
    [DIGEST_SHA384] = {"sha384", "SHA2-384", SHA384_SIZE},
    [DIGEST_SHA512] = {"sha512", "SHA2-512", SHA512_SIZE},
    [DIGEST_SHA3_256] = {"sha3-256", "SHA3-256", 32},
    [DIGEST_SHA3_384] = {"sha3-384", "SHA3-384", 48},
    [DIGEST_SHA3_512] = {"sha3-512", "SHA3-512", 64},
};

struct digest {
    EVP_MD_CTX *ctx;
};

size_t digest_size(enum digest_alg alg)
{
    return algs[alg].size;
}

const char *digest_name(enum digest_alg alg)
{
    return algs[alg].name;
}

const char *openssl_digest(enum digest_alg alg)
{
    return algs[alg].fetch;
}

void digest_of(enum digest_alg alg, struct span bytes, uint8_t *out)
{
    OWNED_DIGEST *digest = digest_new(alg);

    digest_add(digest, bytes);
    digest_finish(digest, out);
}

struct digest *digest_new(enum digest_alg alg)
{
    struct digest *digest = mem_new(struct digest);
    EVP_MD *md = EVP_MD_fetch(NULL, algs[alg].fetch, NULL);

    digest->ctx = EVP_MD_CTX_new();
    openssl_require(md != NULL && digest->ctx != NULL &&
                    EVP_DigestInit_ex2(digest->ctx, md, NULL) == 1);
    EVP_MD_free(md); /* the context holds it */
    return digest;
}

void digest_free(struct digest *digest)
{
    if (digest == NULL)
        return;
    EVP_MD_CTX_free(digest->ctx);
    free(digest);
}

void digest_add(struct digest *digest, struct span bytes)
{
    openssl_require(EVP_DigestUpdate(digest->ctx, bytes.data, bytes.len) == 1);
}

void digest_finish(struct digest *digest, uint8_t *out)
{
    openssl_require(EVP_DigestFinal_ex(digest->ctx, out, NULL) == 1 &&
                    EVP_DigestInit_ex2(digest->ctx, NULL, NULL) == 1);
}

void hmac_of(enum digest_alg alg, struct span key, struct span bytes, uint8_t *out)
{
    /* A missing key and an empty one are not the same to OpenSSL. */
    const void *key_data = key.len > 0 ? (const void *)key.data : "";
    size_t len = 0;

    openssl_require(EVP_Q_mac(NULL, "HMAC", NULL, algs[alg].fetch, NULL, key_data, key.len,
                              bytes.data, bytes.len, out, algs[alg].size, &len) != NULL &&
                    len == algs[alg].size);
}
