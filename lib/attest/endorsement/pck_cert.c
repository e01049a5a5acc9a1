#include "lib/attest/endorsement/pck_cert.h"

#include "lib/crypto/der.h"

#define OID_SGX       "1.2.840.113741.1.13.1"
#define PART_OID_SIZE 10 /* content of OID_SGX "." n, below 128 */

const char *const pck_platform_names[] = {
    [PCK_STANDARD] = "standard",
    [PCK_SCALABLE] = "scalable",
    [PCK_SCALABLE_INTEGRITY] = "scalable-with-integrity",
};

/* The content of OID_SGX; its parts have one or two arcs more, each of one byte. */
static const uint8_t base_oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

/* The parts of the extension, by their number under OID_SGX. */
enum part {
    PART_PPID = 1,
    PART_TCB = 2,
    PART_PCEID = 3,
    PART_FMSPC = 4,
    PART_PLATFORM = 5,
    PART_INSTANCE = 6,
    PART_CONFIGURATION = 7
};
#define PARTS_REQUIRED                                                                             \
    (1u << PART_PPID | 1u << PART_TCB | 1u << PART_PCEID | 1u << PART_FMSPC | 1u << PART_PLATFORM)

/* The parts of the TCB: 1 to 16 are the components. */
#define TCB_PCESVN 17
#define TCB_CPUSVN 18
#define TCB_PARTS  0x7fffeu

#define CONFIGURATION_PARTS 3

/* The next {OID, value} of a list: its number under prefix; the cursor stands at the value. Each
 * number may come once. 0, and a bad list, when that does not hold. */
static unsigned next_part(struct der *list, struct span prefix, uint32_t *seen, struct der *ret)
{
    struct span oid;
    unsigned number;

    *ret = der_of(der_take(list, DER_SEQUENCE));
    oid = der_take(ret, DER_OID);
    number = oid.len == prefix.len + 1 && span_equal(span_part(oid, 0, prefix.len), prefix)
                 ? oid.data[prefix.len]
                 : 0;
    if (number == 0 || number > TCB_CPUSVN || (*seen >> number & 1) != 0) {
        der_fail(list);
        return 0;
    }
    *seen |= 1u << number;
    return number;
}

static void take_bytes(struct der *d, uint8_t *to, size_t len)
{
    struct span content = der_take(d, DER_OCTET_STRING);

    if (content.len != len)
        der_fail(d);
    else
        memcpy(to, content.data, len);
}

static uint64_t take_number(struct der *d, uint64_t max)
{
    uint64_t value = der_u64(d);

    if (value > max)
        der_fail(d);
    return value;
}

static void take_tcb(struct der *d, struct pck_cert *pck)
{
    uint8_t oid[PART_OID_SIZE];
    struct der list = der_of(der_take(d, DER_SEQUENCE));
    uint32_t seen = 0;

    memcpy(oid, base_oid, sizeof(base_oid));
    oid[sizeof(base_oid)] = PART_TCB;
    while (der_more(&list)) {
        struct der part;
        unsigned number = next_part(&list, SPAN_OF_ARRAY(oid), &seen, &part);

        if (number == TCB_CPUSVN)
            take_bytes(&part, pck->cpu_svn, sizeof(pck->cpu_svn));
        else if (number == TCB_PCESVN)
            pck->pce_svn = (uint16_t)take_number(&part, UINT16_MAX);
        else if (number > 0)
            pck->components[number - 1] = (uint8_t)take_number(&part, UINT8_MAX);
        if (!der_end(&part))
            der_fail(&list);
    }
    if (!der_end(&list) || seen != TCB_PARTS)
        der_fail(d);
}

static void take_configuration(struct der *d, struct pck_cert *pck)
{
    bool *const flags[CONFIGURATION_PARTS] = {&pck->dynamic_platform, &pck->cached_keys,
                                              &pck->smt_enabled};
    uint8_t oid[PART_OID_SIZE];
    struct der list = der_of(der_take(d, DER_SEQUENCE));
    uint32_t seen = 0;

    memcpy(oid, base_oid, sizeof(base_oid));
    oid[sizeof(base_oid)] = PART_CONFIGURATION;
    while (der_more(&list)) {
        struct der part;
        unsigned number = next_part(&list, SPAN_OF_ARRAY(oid), &seen, &part);

        if (number >= 1 && number <= CONFIGURATION_PARTS)
            *flags[number - 1] = der_boolean(&part);
        if (number > CONFIGURATION_PARTS || !der_end(&part))
            der_fail(&list);
    }
    if (!der_end(&list))
        der_fail(d);
    pck->has_configuration = true;
}

static void take_platform(struct der *d, struct pck_cert *pck)
{
    struct span value = der_take(d, DER_ENUMERATED);

    if (value.len != 1 || value.data[0] >= PCK_PLATFORM_COUNT)
        der_fail(d);
    else
        pck->platform = (enum pck_platform)value.data[0];
}

static void take_part(struct der *d, unsigned number, struct pck_cert *pck)
{
    switch (number) {
    case PART_PPID: take_bytes(d, pck->ppid, sizeof(pck->ppid)); return;
    case PART_TCB: take_tcb(d, pck); return;
    case PART_PCEID: take_bytes(d, pck->pce_id, sizeof(pck->pce_id)); return;
    case PART_FMSPC: take_bytes(d, pck->fmspc, sizeof(pck->fmspc)); return;
    case PART_PLATFORM: take_platform(d, pck); return;
    case PART_CONFIGURATION: take_configuration(d, pck); return;
    case PART_INSTANCE:
        take_bytes(d, pck->instance_id, sizeof(pck->instance_id));
        pck->has_instance_id = true;
        return;
    default: der_fail(d);
    }
}

int pck_cert_read_extension(struct span content, struct pck_cert *ret, struct err *err)
{
    struct der outer = der_of(content);
    struct der list = der_of(der_take(&outer, DER_SEQUENCE));
    uint32_t seen = 0;

    while (der_more(&list)) {
        struct der part;
        unsigned number = next_part(&list, SPAN_OF_ARRAY(base_oid), &seen, &part);

        if (number == 0)
            break;
        take_part(&part, number, ret);
        if (!der_end(&part))
            return err_set(err, ERR_INPUT,
                           "part %s.%u of its SGX extension is not as Intel writes it", OID_SGX,
                           number);
    }
    if (!der_end(&outer) || !der_end(&list))
        return err_set(err, ERR_INPUT,
                       "its SGX extension has a part that is none, unknown or there"
                       " twice");
    if ((seen & PARTS_REQUIRED) != PARTS_REQUIRED)
        return err_set(err, ERR_INPUT, "its SGX extension lacks a part");
    return 0;
}

static int read_all(const struct x509 *cert, struct pck_cert *pck, struct err *err)
{
    struct span content;

    *pck = (struct pck_cert){.key = x509_public_key(cert)};
    if (pck->key == NULL || key_type_of(pck->key) != KEY_P256)
        return err_set(err, ERR_INPUT, "its key is not on P-256");
    if (!x509_extension(cert, OID_SGX, &content))
        return err_set(err, ERR_INPUT, "has no extension %s", OID_SGX);
    return pck_cert_read_extension(content, pck, err);
}

int pck_cert_read(const struct x509 *cert, struct pck_cert *ret, struct err *err)
{
    if (read_all(cert, ret, err) < 0)
        return err_wrap(err, "certificate '%s'", x509_common_name(cert));
    return 0;
}
