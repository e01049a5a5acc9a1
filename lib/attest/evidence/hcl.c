#include "lib/attest/evidence/hcl.h"

#include "lib/base/reader.h"
#include "lib/base/text.h"
#include "lib/crypto/key_parts.h"

#include <string.h>

#define HEADER_SIZE     32
#define REPORT_ROOM     1184
#define TDREPORT_SIZE   1024
#define RUNTIME_HEADER  20
#define RUNTIME_VERSION 1
#define HASH_SHA256     1
#define RUNTIME_MAX     (64 * KIB)
#define RSA_MAX         1024

static int read_runtime_header(struct reader *r, struct hcl *hcl, struct err *err)
{
    uint32_t data_size, version, type, hash, size;

    data_size = read_le32(r);
    version = read_le32(r);
    type = read_le32(r);
    hash = read_le32(r);
    size = read_le32(r);
    if (r->short_read)
        return err_set(err, ERR_INPUT, "ends at byte %zu", r->at);
    if (version != RUNTIME_VERSION || (type != HCL_SNP && type != HCL_TDX))
        return err_set(err, ERR_INPUT, "runtime data of version %u and type %u", version, type);
    if (hash != HASH_SHA256)
        return err_set(err, ERR_INPUT, "runtime data hashed with algorithm %u", hash);
    if (size > RUNTIME_MAX || data_size != size + RUNTIME_HEADER)
        return err_set(err, ERR_INPUT, "runtime data of %u bytes in %u", size, data_size);
    hcl->hardware = (enum hcl_hardware)type;
    hcl->runtime = read_span(r, size);
    return 0;
}

int hcl_parse(struct span in, struct hcl *ret, struct err *err)
{
    struct reader r = reader_of(in);
    struct span magic = read_span(&r, 4);
    struct hcl hcl;
    struct span report;

    if (!span_equal(magic, span_of_str("HCLA")))
        return err_set(err, ERR_INPUT, "hcl report: byte 0: it does not begin with HCLA");
    read_skip(&r, HEADER_SIZE - 4);
    report = read_span(&r, REPORT_ROOM);
    if (read_runtime_header(&r, &hcl, err) < 0)
        return err_wrap(err, "hcl report");
    if (r.short_read)
        return err_set(err, ERR_INPUT, "hcl report: the runtime data ends beyond byte %zu", in.len);
    if (!span_is_zero(reader_rest(&r)))
        return err_set(err, ERR_INPUT, "hcl report: something after its end at byte %zu", r.at);
    hcl.report = hcl.hardware == HCL_TDX ? span_part(report, 0, TDREPORT_SIZE) : report;
    *ret = hcl;
    return 0;
}

void hcl_report_data(const struct hcl *hcl, uint8_t out[static HCL_REPORT_DATA_SIZE])
{
    memset(out, 0, HCL_REPORT_DATA_SIZE);
    digest_of(DIGEST_SHA256, hcl->runtime, out);
}

/* --- runtime data ---------------------------------------------------------------------------- */

/* A JWK of RSA (RFC 7518, section 6.3). */
static int read_jwk(const struct json *jwk, struct key **ret, struct err *err)
{
    OWNED_BUF modulus = BUF_OF(RSA_MAX), exponent = BUF_OF(RSA_MAX);
    const char *kty = json_get_str(jwk, "kty");

    if (kty == NULL || strcmp(kty, "RSA") != 0)
        return err_set(err, ERR_INPUT, "not a key of RSA");
    if (text_decode_base64url(span_of_str(json_get_str(jwk, "n")), &modulus, err) < 0 ||
        text_decode_base64url(span_of_str(json_get_str(jwk, "e")), &exponent, err) < 0)
        return -1;
    return key_from_rsa(buf_span(&modulus), buf_span(&exponent), ret, err);
}

static int find_ak(const struct json *keys, const struct json **ret, struct err *err)
{
    const struct json *found = NULL;

    for (size_t i = 0; i < json_count(keys); i++) {
        const char *kid = json_get_str(json_at(keys, i), "kid");

        if (kid == NULL || strcmp(kid, "HCLAkPub") != 0)
            continue;
        if (found != NULL)
            return err_set(err, ERR_INPUT, "two keys HCLAkPub");
        found = json_at(keys, i);
    }
    if (found == NULL)
        return err_set(err, ERR_INPUT, "no key HCLAkPub");
    *ret = found;
    return 0;
}

int hcl_read_runtime(const struct hcl *hcl, struct key **ret_ak, struct json **ret_config,
                     struct err *err)
{
    OWNED_JSON *runtime = NULL;
    const struct json *jwk, *config;
    OWNED_KEY *ak = NULL;

    if (json_parse(hcl->runtime, &runtime, err) < 0 ||
        find_ak(json_get(runtime, "keys"), &jwk, err) < 0 || read_jwk(jwk, &ak, err) < 0)
        return err_wrap(err, "hcl runtime data");
    config = json_get(runtime, "vm-configuration");
    if (ret_config != NULL)
        *ret_config = config != NULL ? json_new_copy(config) : NULL;
    *ret_ak = GIVE(ak);
    return 0;
}
