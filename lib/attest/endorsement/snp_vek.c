#include "lib/attest/endorsement/snp_vek.h"

#include "lib/base/text.h"

#include <stdio.h>

#define CN_VCEK "SEV-VCEK"
#define CN_VLEK "SEV-VLEK"

#define OID_BASE           "1.3.6.1.4.1.3704.1."
#define OID_STRUCT_VERSION OID_BASE "1"
#define OID_PRODUCT        OID_BASE "2"
#define OID_CHIP           OID_BASE "4"
#define OID_CSP            OID_BASE "5"

#define STRUCT_VERSION_MAX 1
#define TAG_INTEGER        0x02
#define TAG_OCTET_STRING   0x04
#define TAG_IA5_STRING     0x16
#define SPLS               8

/* The extension that tells byte i of the TCB. AMD gave the reserved bytes numbers too. */
#define SPL(n) OID_BASE "3." #n
static const char *const spl_oids[SNP_PRODUCT_COUNT][SPLS] = {
    [SNP_MILAN] = {SPL(1), SPL(2), SPL(4), SPL(5), SPL(6), SPL(7), SPL(3), SPL(8)},
    [SNP_GENOA] = {SPL(1), SPL(2), SPL(4), SPL(5), SPL(6), SPL(7), SPL(3), SPL(8)},
    [SNP_TURIN] = {SPL(9), SPL(1), SPL(2), SPL(3), SPL(5), SPL(6), SPL(7), SPL(8)},
};

void snp_vek_done(struct snp_vek *vek)
{
    key_free(vek->key);
    *vek = (struct snp_vek){0};
}

bool snp_vek_is_named(const struct x509 *cert)
{
    return strcmp(x509_common_name(cert), CN_VCEK) == 0 ||
           strcmp(x509_common_name(cert), CN_VLEK) == 0;
}

/* A DER INTEGER of 0 to 255: from 0x80 on it has a leading zero. */
static int read_number(const struct x509 *cert, const char *oid, uint8_t *ret, struct err *err)
{
    struct span der;

    if (!x509_extension(cert, oid, &der))
        return err_set(err, ERR_INPUT, "has no extension %s", oid);
    if (der.len == 3 && der.data[0] == TAG_INTEGER && der.data[1] == 1 && der.data[2] < 0x80)
        *ret = der.data[2];
    else if (der.len == 4 && der.data[0] == TAG_INTEGER && der.data[1] == 2 && der.data[2] == 0 &&
             der.data[3] >= 0x80)
        *ret = der.data[3];
    else
        return err_set(err, ERR_INPUT, "extension %s is no DER integer of 0 to 255", oid);
    return 0;
}

/* A DER IA5String of less than 128 bytes; its text. */
static int read_text(const struct x509 *cert, const char *oid, struct span *ret, struct err *err)
{
    struct span der;

    if (!x509_extension(cert, oid, &der))
        return err_set(err, ERR_INPUT, "has no extension %s", oid);
    if (der.len < 2 || der.data[0] != TAG_IA5_STRING || der.data[1] >= 0x80 ||
        der.data[1] != der.len - 2)
        return err_set(err, ERR_INPUT, "extension %s is no DER IA5String", oid);
    *ret = span_part(der, 2, der.len);
    return 0;
}

/* "Milan-B0", "Genoa", "Turin". Reports do not tell the stepping after the dash in those terms. */
static int read_product(const struct x509 *cert, struct snp_vek *vek, struct err *err)
{
    OWNED_BUF shown = BUF_OF(64);
    struct span text;
    size_t len = 0;

    if (read_text(cert, OID_PRODUCT, &text, err) < 0)
        return -1;
    while (len < text.len && text.data[len] != '-')
        len++;
    for (int i = SNP_PRODUCT_UNKNOWN + 1; i < SNP_PRODUCT_COUNT; i++)
        if (span_equal(span_part(text, 0, len), span_of_str(snp_product_name(i))))
            vek->product = (enum snp_product)i;
    if (vek->product != SNP_PRODUCT_UNKNOWN)
        return 0;
    text_add_printable(&shown, text, 40);
    return err_set(err, ERR_INPUT, "extension %s names the product '%s', unknown here", OID_PRODUCT,
                   buf_str(&shown));
}

static int read_tcb(const struct x509 *cert, struct snp_vek *vek, struct err *err)
{
    for (int i = 0; i < SPLS; i++) {
        uint8_t svn;

        if (read_number(cert, spl_oids[vek->product][i], &svn, err) < 0)
            return -1;
        vek->tcb |= (uint64_t)svn << 8 * i;
    }
    return 0;
}

/* The hwID is the extension's content itself; newer certificates have it as an OCTET STRING. */
static struct span unwrap_chip(struct span hwid, size_t wanted)
{
    if (hwid.len == wanted + 2 && hwid.data[0] == TAG_OCTET_STRING && hwid.data[1] == wanted)
        return span_part(hwid, 2, wanted);
    return hwid;
}

static int read_chip(const struct x509 *cert, struct snp_vek *vek, struct err *err)
{
    size_t wanted = vek->product == SNP_TURIN ? SNP_CHIP_ID_SIZE_TURIN : SNP_CHIP_ID_SIZE;
    struct span hwid, csp;

    if (x509_extension(cert, OID_CSP, &csp))
        return err_set(err, ERR_INPUT, "is a VCEK with the extension %s of a VLEK", OID_CSP);
    if (!x509_extension(cert, OID_CHIP, &hwid))
        return err_set(err, ERR_INPUT, "has no extension %s", OID_CHIP);
    hwid = unwrap_chip(hwid, wanted);
    if (hwid.len != wanted)
        return err_set(err, ERR_INPUT, "extension %s has %zu bytes, expected %zu", OID_CHIP,
                       hwid.len, wanted);
    memcpy(vek->chip_id, hwid.data, hwid.len);
    return 0;
}

static int read_csp(const struct x509 *cert, struct snp_vek *vek, struct err *err)
{
    OWNED_BUF shown = BUF_OF(2 * SNP_CSP_ID_SIZE);
    struct span text, hwid;

    if (x509_extension(cert, OID_CHIP, &hwid))
        return err_set(err, ERR_INPUT, "is a VLEK with the extension %s of a VCEK", OID_CHIP);
    if (read_text(cert, OID_CSP, &text, err) < 0)
        return -1;
    text_add_printable(&shown, text, SNP_CSP_ID_SIZE);
    if (text.len == 0 || text.len >= SNP_CSP_ID_SIZE || !span_equal(text, buf_span(&shown)))
        return err_set(err, ERR_INPUT, "extension %s is no printable text", OID_CSP);
    memcpy(vek->csp_id, text.data, text.len);
    return 0;
}

static int read_all(const struct x509 *cert, struct snp_vek *vek, struct err *err)
{
    uint8_t struct_version;

    if (!snp_vek_is_named(cert))
        return err_set(err, ERR_INPUT, "expected the common name %s or %s", CN_VCEK, CN_VLEK);
    vek->vlek = strcmp(x509_common_name(cert), CN_VLEK) == 0;

    if (x509_key(cert, &vek->key, err) < 0)
        return -1;
    if (key_type_of(vek->key) != KEY_P384)
        return err_set(err, ERR_INPUT, "has a key of type %s, expected p384",
                       key_type_names[key_type_of(vek->key)]);
    if (read_number(cert, OID_STRUCT_VERSION, &struct_version, err) < 0)
        return -1;
    if (struct_version > STRUCT_VERSION_MAX)
        return err_set(err, ERR_INPUT, "extension %s is %u, expected 0 or 1", OID_STRUCT_VERSION,
                       struct_version);
    if (read_product(cert, vek, err) < 0 || read_tcb(cert, vek, err) < 0)
        return -1;
    return vek->vlek ? read_csp(cert, vek, err) : read_chip(cert, vek, err);
}

int snp_vek_read(const struct x509 *cert, struct snp_vek *ret, struct err *err)
{
    *ret = (struct snp_vek){0};
    if (read_all(cert, ret, err) == 0)
        return 0;
    snp_vek_done(ret);
    return err_wrap(err, "certificate '%s'", x509_common_name(cert));
}
