#include "lib/attest/endorsement/intel_root.h"

/* SHA-256 of the SubjectPublicKeyInfo. Intel serves the certificate at
 * https://certificates.trustedservices.intel.com/IntelSGXRootCA.der;
 *     openssl x509 -inform der -pubkey -noout | openssl pkey -pubin -outform der | sha256sum
 * Compared with what go-tdx-guest and dcap-qvl ship. */
static const uint8_t pin[SHA256_SIZE] = {
    0xa0, 0xaf, 0x03, 0x12, 0x89, 0xf5, 0xd5, 0xd4, 0x13, 0x2f, 0x91, 0x86, 0x06, 0x8a, 0x7f, 0xc1,
    0x36, 0x28, 0x63, 0x3b, 0xa2, 0x35, 0x77, 0x74, 0x72, 0xe2, 0x9b, 0x6b, 0x6c, 0x67, 0xa4, 0x9e};

bool intel_root_is_pinned(const struct x509 *root)
{
    uint8_t digest[SHA256_SIZE];

    x509_key_digest(root, digest);
    return span_equal(SPAN_OF_ARRAY(digest), SPAN_OF_ARRAY(pin));
}
