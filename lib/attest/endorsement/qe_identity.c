#include "lib/attest/endorsement/qe_identity.h"

/* Of Intel's published identities of its quoting enclaves, in all of their versions so far. */
static const struct {
    uint8_t signer[32];
    uint16_t product;
} known[] = {
    [DCAP_SGX] = {{0x8c, 0x4f, 0x57, 0x75, 0xd7, 0x96, 0x50, 0x3e, 0x96, 0x13, 0x7f,
                   0x77, 0xc6, 0x8a, 0x82, 0x9a, 0x00, 0x56, 0xac, 0x8d, 0xed, 0x70,
                   0x14, 0x0b, 0x08, 0x1b, 0x09, 0x44, 0x90, 0xc5, 0x7b, 0xff},
                  1},
    [DCAP_TDX] = {{0xdc, 0x9e, 0x2a, 0x7c, 0x6f, 0x94, 0x8f, 0x17, 0x47, 0x4e, 0x34,
                   0xa7, 0xfc, 0x43, 0xed, 0x03, 0x0f, 0x7c, 0x15, 0x63, 0xf1, 0xba,
                   0xbd, 0xdf, 0x63, 0x40, 0xc8, 0x2e, 0x0e, 0x54, 0xa8, 0xc5},
                  2},
};

/* bytes & mask == wanted, where wanted and mask are members of the document. */
static int check_masked(const struct json *json, const char *key, const char *mask_key,
                        struct span bytes, struct err *err)
{
    uint8_t wanted[16], mask[16];

    if (dcap_document_hex(json, key, wanted, bytes.len, err) < 0 ||
        dcap_document_hex(json, mask_key, mask, bytes.len, err) < 0)
        return -1;
    for (size_t i = 0; i < bytes.len; i++)
        if ((bytes.data[i] & mask[i]) != wanted[i])
            return err_set(err, ERR_UNTRUSTED, "byte %zu of its %s is 0x%02x, expected 0x%02x", i,
                           key, bytes.data[i] & mask[i], wanted[i]);
    return 0;
}

int qe_identity_check(const struct dcap_document *identity, const struct sgx_report *qe,
                      struct err *err)
{
    const struct json *json = identity->json;
    const struct json *product = json_get(json, "isvprodid");
    uint8_t signer[32], misc[4];

    if (dcap_document_hex(json, "mrsigner", signer, sizeof(signer), err) < 0)
        return -1;
    if (json_kind_of(product) != JSON_KIND_INTEGER)
        return err_set(err, ERR_INPUT, "isvprodid is missing, or no number");
    if (!span_equal(SPAN_OF_ARRAY(signer), SPAN_OF_ARRAY(qe->mr_signer)))
        return err_set(err, ERR_UNTRUSTED, "its mrsigner is another");
    if (json_int(product) != qe->isv_prod_id)
        return err_set(err, ERR_UNTRUSTED, "its isvprodid is %u, expected %lld", qe->isv_prod_id,
                       (long long)json_int(product));
    for (size_t i = 0; i < sizeof(misc); i++)
        misc[i] = (uint8_t)(qe->misc_select >> 8 * i); /* as it stands in the report */
    if (check_masked(json, "miscselect", "miscselectMask", SPAN_OF_ARRAY(misc), err) < 0)
        return -1;
    return check_masked(json, "attributes", "attributesMask", SPAN_OF_ARRAY(qe->attributes), err);
}

int qe_identity_find_level(const struct dcap_document *identity, const struct sgx_report *qe,
                           struct tcb_level *ret, struct err *err)
{
    return tcb_level_find(json_get(identity->json, "tcbLevels"), qe->isv_svn, ret, err);
}

int qe_identity_check_known(enum dcap_tee tee, const struct sgx_report *qe, struct err *err)
{
    if (!span_equal(SPAN_OF_ARRAY(known[tee].signer), SPAN_OF_ARRAY(qe->mr_signer)))
        return err_set(err, ERR_UNTRUSTED, "its mrsigner is none of Intel's");
    if (qe->isv_prod_id != known[tee].product)
        return err_set(err, ERR_UNTRUSTED, "its isvprodid is %u, expected %u", qe->isv_prod_id,
                       known[tee].product);
    if ((qe->flags & SGX_FLAG_DEBUG) != 0)
        return err_set(err, ERR_UNTRUSTED, "it can be debugged");
    return 0;
}
