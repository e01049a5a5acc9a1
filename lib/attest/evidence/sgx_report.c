#include "lib/attest/evidence/sgx_report.h"

#include "lib/base/reader.h"

/* Offset and length of what must be zero. */
static const struct {
    size_t offset, len;
} zeros[] = {{20, 12}, {96, 32}, {160, 32}, {262, 42}};

static int check_zeros(struct span in, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(zeros); i++)
        for (size_t at = zeros[i].offset; at < zeros[i].offset + zeros[i].len; at++)
            if (in.data[at] != 0)
                return err_set(err, ERR_INPUT,
                               "byte %zu of the enclave's report is 0x%02x, must be"
                               " zero",
                               at, in.data[at]);
    return 0;
}

int sgx_report_parse(struct span in, struct sgx_report *ret, struct err *err)
{
    struct reader r = reader_of(in), attributes;

    if (in.len != SGX_REPORT_SIZE)
        return err_set(err, ERR_INPUT, "the enclave's report has %zu bytes, expected %d", in.len,
                       SGX_REPORT_SIZE);
    read_bytes(&r, ret->cpu_svn, sizeof(ret->cpu_svn));
    ret->misc_select = read_le32(&r);
    read_skip(&r, 12);
    read_bytes(&r, ret->isv_ext_prod_id, sizeof(ret->isv_ext_prod_id));
    read_bytes(&r, ret->attributes, sizeof(ret->attributes));
    read_bytes(&r, ret->mr_enclave, sizeof(ret->mr_enclave));
    read_skip(&r, 32);
    read_bytes(&r, ret->mr_signer, sizeof(ret->mr_signer));
    read_skip(&r, 32);
    read_bytes(&r, ret->config_id, sizeof(ret->config_id));
    ret->isv_prod_id = read_le16(&r);
    ret->isv_svn = read_le16(&r);
    ret->config_svn = read_le16(&r);
    read_skip(&r, 42);
    read_bytes(&r, ret->isv_family_id, sizeof(ret->isv_family_id));
    read_bytes(&r, ret->report_data, sizeof(ret->report_data));

    attributes = reader_of(SPAN_OF_ARRAY(ret->attributes));
    ret->flags = read_le64(&attributes);
    ret->xfrm = read_le64(&attributes);
    return check_zeros(in, err);
}
