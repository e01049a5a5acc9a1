#include "lib/attest/endorsement/ek_chain.h"

#include "lib/crypto/x509.h"

#define OID_EXT_KEY_USAGE "2.5.29.37"

/* What TPM makers sign with. */
#define SCHEMES                                                                                    \
    (X509_RSA_PKCS1_SHA256 | X509_RSA_PKCS1_SHA384 | X509_RSA_PKCS1_SHA512 |                       \
     X509_ECDSA_P256_SHA256 | X509_ECDSA_P384_SHA384)

/* The subject may be empty, with the TPM described in a critical alternative name instead. */
static const char *const known_extensions[] = {"2.5.29.17", OID_EXT_KEY_USAGE, NULL};

/* tcg-kp-EKCertificate, 2.23.133.8.1, as it stands in an extended key usage. */
static const uint8_t ek_usage[] = {0x06, 0x05, 0x67, 0x81, 0x05, 0x08, 0x01};

/* Authorities certify signing keys of a TPM under the same extended usage; only a key that decrypts
 * can answer a challenge. */
static int check_usage(const struct x509 *cert, struct err *err)
{
    struct span usage;

    if (x509_extension(cert, OID_EXT_KEY_USAGE, &usage) &&
        memmem(usage.data, usage.len, ek_usage, sizeof(ek_usage)) == NULL)
        return err_set(err, ERR_UNTRUSTED, "the certificate is not meant for endorsement keys");
    if (!x509_allows_usage(cert, X509_KEY_ENCIPHERMENT) &&
        !x509_allows_usage(cert, X509_KEY_AGREEMENT))
        return err_set(err, ERR_UNTRUSTED, "the certificate is for a key that signs");
    return 0;
}

static int check_leaf(const struct x509 *cert, const struct key *ek, int64_t now, struct err *err)
{
    OWNED_KEY *key = NULL;

    if (x509_key(cert, &key, err) < 0)
        return -1;
    if (!key_equal(key, ek))
        return err_set(err, ERR_UNTRUSTED, "the certificate is for another key");
    if (check_usage(cert, err) < 0 || x509_check_critical(cert, known_extensions, err) < 0)
        return -1;
    return x509_check_time(cert, now, err);
}

static bool issued(const struct x509 *cert, const struct x509 *issuer, unsigned below)
{
    struct err unused;

    return x509_check_issuer(cert, issuer, below, &unused) == 0 &&
           x509_check_signature(cert, issuer, SCHEMES, &unused) == 0;
}

static const struct x509 *find_issuer(const struct x509 *cert, const struct x509_list *among,
                                      unsigned below)
{
    for (size_t i = 0; i < among->count; i++)
        if (issued(cert, among->items[i], below))
            return among->items[i];
    return NULL;
}

/* Roots are asked first, so a way to one is found wherever there is one. */
static int follow(const struct x509 *cert, const struct x509_list *pool,
                  const struct x509_list *roots, int64_t now, struct err *err)
{
    for (unsigned below = 0; below < EK_DEPTH_MAX; below++) {
        const struct x509 *root = find_issuer(cert, roots, below);

        if (root != NULL)
            return x509_check_time(root, now, err);
        cert = find_issuer(cert, pool, below);
        if (cert == NULL)
            return err_set(err, ERR_UNTRUSTED,
                           "its issuer is neither a root of the policy nor "
                           "among the certificates given");
        if (x509_check_time(cert, now, err) < 0 ||
            x509_check_critical(cert, known_extensions, err) < 0)
            return -1;
    }
    return err_set(err, ERR_UNTRUSTED, "the chain has more than %d certificates", EK_DEPTH_MAX);
}

static int load(const struct ek_sources *from, struct x509_list *leaf, struct x509_list *pool,
                struct x509_list *roots, struct err *err)
{
    struct err unused;

    if (x509_list_parse(from->certificate, 1, leaf, err) < 0)
        return -1;
    for (size_t i = 0; i < from->chain.count; i++) /* others' certificates may be among them */
        (void)!x509_list_parse(from->chain.items[i], EK_CERTS_MAX, pool, &unused);
    for (size_t i = 0; from->roots != NULL && i < from->roots->count; i++)
        if (x509_list_parse(span_of_str(from->roots->items[i]), EK_CERTS_MAX, roots, err) < 0)
            return err_wrap(err, "root %zu", i);
    return 0;
}

int ek_chain_check(const struct ek_sources *from, const struct key *ek, struct err *err)
{
    OWNED_X509_LIST leaf = {0}, pool = {0}, roots = {0};

    if (load(from, &leaf, &pool, &roots, err) < 0 ||
        check_leaf(leaf.items[0], ek, from->now, err) < 0 ||
        follow(leaf.items[0], &pool, &roots, from->now, err) < 0)
        return err_wrap(err, "endorsement key");
    return 0;
}
