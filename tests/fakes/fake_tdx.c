#include "tests/fakes/fake_tdx.h"

#include "lib/crypto/der.h"
#include "lib/crypto/openssl.h"
#include "lib/crypto/sign.h"
#include "lib/base/text.h"
#include "lib/json/json.h"

#define KEY_CERT_SIGN     0x04
#define CRL_SIGN          0x02
#define DIGITAL_SIGNATURE 0x80
#define OID_SGX           "1.2.840.113741.1.13.1"

static struct key *keys[FAKE_TDX_KEYS];

const struct key *fake_tdx_key(enum fake_tdx_key which)
{
    struct err err;

    if (keys[which] == NULL)
        openssl_require(key_generate(KEY_P256, 0, &keys[which], &err) == 0);
    return keys[which];
}

void fake_tdx_forget_keys(void)
{
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        key_free(GIVE(keys[i]));
}

/* --- the extension --------------------------------------------------------------------------- */

static void add_tlv(struct buf *out, uint8_t tag, struct span content)
{
    buf_add_u8(out, tag);
    if (content.len >= 0x100) {
        buf_add_u8(out, 0x82);
        buf_add_u8(out, (uint8_t)(content.len >> 8));
    } else if (content.len >= 0x80) {
        buf_add_u8(out, 0x81);
    }
    buf_add_u8(out, (uint8_t)content.len);
    buf_add_span(out, content);
}

static void add_integer(struct buf *out, unsigned value)
{
    const uint8_t bytes[3] = {0, (uint8_t)(value >> 8), (uint8_t)value};
    size_t from = value >= 0x8000 ? 0 : value >= 0x80 ? 1 : 2;

    add_tlv(out, DER_INTEGER, span_of(bytes + from, sizeof(bytes) - from));
}

/* {OID_SGX[.part][.number], value} */
static void add_part(struct buf *out, unsigned part, unsigned number, struct span value)
{
    OWNED(free_str)
    char *oid =
        number > 0 ? mem_printf(OID_SGX ".%u.%u", part, number) : mem_printf(OID_SGX ".%u", part);
    OWNED_BUF content = BUF_OF(64), pair = BUF_OF(4 * KIB);

    der_add_oid(oid, &content);
    add_tlv(&pair, DER_OID, buf_span(&content));
    buf_add_span(&pair, value);
    add_tlv(out, DER_SEQUENCE, buf_span(&pair));
}

static void add_number(struct buf *out, unsigned part, unsigned number, unsigned value)
{
    OWNED_BUF der = BUF_OF(16);

    add_integer(&der, value);
    add_part(out, part, number, buf_span(&der));
}

static void add_bytes(struct buf *out, unsigned part, unsigned number, uint8_t fill, size_t len)
{
    uint8_t bytes[16];
    OWNED_BUF der = BUF_OF(32);

    memset(bytes, fill, sizeof(bytes));
    add_tlv(&der, DER_OCTET_STRING, span_of(bytes, len));
    add_part(out, part, number, buf_span(&der));
}

static void add_tcb(struct buf *out, const struct fake_pck *platform)
{
    OWNED_BUF list = BUF_OF(4 * KIB), der = BUF_OF(4 * KIB);

    for (unsigned i = 0; i < 16; i++)
        add_number(&list, 2, i + 1, platform->components[i]);
    add_number(&list, 2, 17, platform->pce_svn);
    add_bytes(&list, 2, 18, 0x18, 16);
    add_tlv(&der, DER_SEQUENCE, buf_span(&list));
    add_part(out, 2, 0, buf_span(&der));
}

static void add_configuration(struct buf *out)
{
    static const uint8_t yes[] = {DER_BOOLEAN, 1, 0xff}, no[] = {DER_BOOLEAN, 1, 0x00};
    OWNED_BUF list = BUF_OF(256), der = BUF_OF(256);

    add_part(&list, 7, 1, SPAN_OF_ARRAY(yes));
    add_part(&list, 7, 2, SPAN_OF_ARRAY(no));
    add_part(&list, 7, 3, SPAN_OF_ARRAY(yes));
    add_tlv(&der, DER_SEQUENCE, buf_span(&list));
    add_part(out, 7, 0, buf_span(&der));
}

static void add_one(struct buf *out, unsigned part, const struct fake_pck *platform)
{
    const uint8_t kind[] = {DER_ENUMERATED, 1, platform->platform};
    OWNED_BUF fmspc = BUF_OF(16);

    switch (part) {
    case 1: add_bytes(out, 1, 0, 0x99, 16); return;
    case 2: add_tcb(out, platform); return;
    case 3: add_bytes(out, 3, 0, 0, 2); return;
    case 4:
        add_tlv(&fmspc, DER_OCTET_STRING, SPAN_OF_ARRAY(platform->fmspc));
        add_part(out, 4, 0, buf_span(&fmspc));
        return;
    case 5: add_part(out, 5, 0, SPAN_OF_ARRAY(kind)); return;
    case 6: add_bytes(out, 6, 0, 0x66, 16); return;
    case 7: add_configuration(out); return;
    default: add_bytes(out, part, 0, 0x77, 4);
    }
}

void fake_tdx_extension(const struct fake_pck *platform, struct buf *out)
{
    OWNED_BUF list = BUF_OF(8 * KIB);

    if (platform->raw.len > 0) {
        buf_add_span(out, platform->raw);
        return;
    }
    for (unsigned part = 1; part <= (platform->multi ? 7 : 5); part++) {
        if (part != platform->omit)
            add_one(&list, part, platform);
        if (part == platform->repeat)
            add_one(&list, part, platform);
    }
    if (platform->unknown > 0)
        add_one(&list, platform->unknown, platform);
    add_tlv(out, DER_SEQUENCE, buf_span(&list));
}

/* --- documents ------------------------------------------------------------------------------- */

void fake_tdx_edit(struct buf *text, const char *from, const char *to)
{
    OWNED(free_str) char *old = mem_strdup(buf_str(text));
    const char *at = strstr(old, from);

    openssl_require(at != NULL);
    buf_reset(text);
    buf_add(text, old, (size_t)(at - old));
    buf_add_str(text, to);
    buf_add_str(text, at + strlen(from));
}

static void add_components(struct buf *out, const char *name, const uint8_t svns[16])
{
    buf_printf(out, "\"%s\":[", name);
    for (int i = 0; i < 16; i++)
        buf_printf(out, "%s{\"svn\":%u}", i > 0 ? "," : "", svns[i]);
    buf_add_str(out, "],");
}

static const char zeros_48[] = "000000000000000000000000000000000000000000000000000000000000000000"
                               "000000000000000000000000000000";

static void add_modules(struct buf *out)
{
    const char *const identity = "\"attributes\":\"0000000000000000\","
                                 "\"attributesMask\":\"FFFFFFFFFFFFFFFF\"";

    buf_printf(out, "\"tdxModule\":{\"mrsigner\":\"%s\",%s},", zeros_48, identity);
    buf_printf(out,
               "\"tdxModuleIdentities\":[{\"id\":\"TDX_03\",\"mrsigner\":\"%s\",%s,\"tcbLevels\":"
               "[]},{\"id\":\"TDX_01\",\"mrsigner\":\"%s\",%s,\"tcbLevels\":["
               "{\"tcb\":{\"isvsvn\":5},\"tcbDate\":\"2024-03-13T00:00:00Z\",\"tcbStatus\":"
               "\"UpToDate\"},{\"tcb\":{\"isvsvn\":2},\"tcbDate\":\"2023-08-09T00:00:00Z\","
               "\"tcbStatus\":\"OutOfDate\",\"advisoryIDs\":[\"INTEL-SA-00003\"]}]}],",
               zeros_48, identity, zeros_48, identity);
}

/* The platform as it is, and one level below it. */
static void write_tcb_info(struct fake_tdx *world)
{
    static const uint8_t tdx[16] = {5, 0, 2};
    bool td = world->kind != FAKE_SGX3;
    struct buf *out = &world->tcb_info;

    buf_printf(out,
               "{\"id\":\"%s\",\"version\":3,\"issueDate\":\"2027-01-01T00:00:00Z\","
               "\"nextUpdate\":\"2027-01-31T00:00:00Z\",\"fmspc\":\"50806F000000\","
               "\"pceId\":\"0000\",\"tcbType\":0,\"tcbEvaluationDataNumber\":17,",
               td ? "TDX" : "SGX");
    if (td)
        add_modules(out);
    buf_add_str(out, "\"tcbLevels\":[");
    for (int level = 0; level < 2; level++) {
        buf_add_str(out, level > 0 ? ",{\"tcb\":{" : "{\"tcb\":{");
        add_components(out, "sgxtcbcomponents", world->platform.components);
        if (td)
            add_components(out, "tdxtcbcomponents", tdx);
        buf_printf(out, "\"pcesvn\":%d},\"tcbDate\":\"2024-03-13T00:00:00Z\",", level > 0 ? 5 : 11);
        buf_add_str(out, level > 0 ? "\"tcbStatus\":\"OutOfDate\",\"advisoryIDs\":["
                                     "\"INTEL-SA-00001\",\"INTEL-SA-00002\"]}"
                                   : "\"tcbStatus\":\"UpToDate\"}");
    }
    buf_add_str(out, "]}");
}

static void write_qe_identity(struct fake_tdx *world)
{
    bool td = world->kind != FAKE_SGX3;

    buf_printf(&world->qe_identity,
               "{\"id\":\"%s\",\"version\":2,\"issueDate\":\"2027-01-01T00:00:00Z\","
               "\"nextUpdate\":\"2027-01-31T00:00:00Z\",\"tcbEvaluationDataNumber\":17,"
               "\"miscselect\":\"00000000\",\"miscselectMask\":\"FFFFFFFF\","
               "\"attributes\":\"11000000000000000000000000000000\","
               "\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\",\"mrsigner\":\"%s\","
               "\"isvprodid\":%d,\"tcbLevels\":[{\"tcb\":{\"isvsvn\":6},\"tcbDate\":"
               "\"2024-03-13T00:00:00Z\",\"tcbStatus\":\"UpToDate\"},{\"tcb\":{\"isvsvn\":4},"
               "\"tcbDate\":\"2023-03-13T00:00:00Z\",\"tcbStatus\":\"OutOfDate\",\"advisoryIDs\":"
               "[\"INTEL-SA-00004\"]}]}",
               td ? "TD_QE" : "QE",
               td ? "DC9E2A7C6F948F17474E34A7FC43ED030F7C1563F1BABDDF6340C82E0E54A8C5"
                  : "8C4F5775D796503E96137F77C68A829A0056AC8DED70140B081B094490C57BFF",
               td ? 2 : 1);
}

/* --- what a quote is made of ----------------------------------------------------------------- */

size_t fake_tdx_body_size(const struct fake_tdx *world)
{
    static const size_t sizes[FAKE_TDX_KINDS] = {
        [FAKE_SGX3] = SGX_REPORT_SIZE,
        [FAKE_TD4] = TD_REPORT_SIZE,
        [FAKE_TD5] = TD_REPORT_SIZE,
        [FAKE_TD5_15] = TD_REPORT_15_SIZE,
    };

    return sizes[world->kind];
}

static void start_header(struct fake_tdx *world)
{
    static const uint8_t versions[FAKE_TDX_KINDS] = {3, 4, 5, 5};
    static const uint8_t vendor[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                       0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

    world->header[0] = versions[world->kind];
    world->header[2] = 2;
    world->header[4] = world->kind == FAKE_SGX3 ? 0 : 0x81;
    memcpy(world->header + 12, vendor, sizeof(vendor));
    memset(world->header + 28, 0x0d, 16);
}

static void start_td(uint8_t *body)
{
    body[0] = 5; /* TEE_TCB_SVN: module 1.5, late microcode 2 */
    body[1] = 1;
    body[2] = 2;
    memset(body + 16, 0x5e, 48);           /* MRSEAM */
    body[123] = 0x10;                      /* SEPT_VE_DISABLE */
    memcpy(body + 128, "\xe7\x02\x06", 3); /* XFAM */
    memset(body + 136, 0xe1, 48);          /* MRTD */
    memset(body + 184, 0xc1, 48);          /* MRCONFIGID */
    memset(body + 232, 0xc2, 48);          /* MROWNER */
    memset(body + 280, 0xc3, 48);          /* MROWNERCONFIG */
    for (size_t i = 0; i < RTMR_COUNT; i++)
        memset(body + 328 + 48 * i, (int)(0xa0 + i), 48);
    memset(body + 520, 0xd1, 64); /* REPORTDATA */
    body[584] = 5;                /* TEE_TCB_SVN2 */
}

static void start_enclave(uint8_t *report)
{
    report[48] = 0x05; /* INIT, MODE64BIT */
    report[56] = 0xe7;
    memset(report + 64, 0xe1, 32);  /* MRENCLAVE */
    memset(report + 128, 0xe2, 32); /* MRSIGNER */
    report[256] = 7;                /* ISVPRODID */
    memset(report + 320, 0xd1, 64); /* REPORTDATA */
}

static void start_qe(struct fake_tdx *world)
{
    struct err err;
    const char *signer = strstr(buf_str(&world->qe_identity), "\"mrsigner\":\"") + 12;
    OWNED(free_str) char *hex = mem_copy(signer, 64);

    world->qe[48] = 0x15; /* INIT, MODE64BIT, PROVISION_KEY */
    world->qe[56] = 0xe7;
    openssl_require(text_parse_hex(hex, world->qe + 128, 32, &err) == 0);
    world->qe[256] = world->kind == FAKE_SGX3 ? 1 : 2;
    world->qe[258] = 6; /* ISVSVN */
    memset(world->qe_auth, 0xa7, sizeof(world->qe_auth));
}

static struct fake_cert cert_of(const char *subject, const char *issuer, bool ca, uint64_t serial)
{
    return (struct fake_cert){.subject = subject,
                              .issuer = issuer,
                              .serial = serial,
                              .not_before = FAKE_TDX_BEGIN,
                              .not_after = FAKE_TDX_END,
                              .ca = ca,
                              .not_ca = !ca,
                              .path_len = 0,
                              .usage = ca ? KEY_CERT_SIGN | CRL_SIGN : DIGITAL_SIGNATURE};
}

static void start_pki(struct fake_tdx *world)
{
    static const char root[] = "Intel SGX Root CA", ca[] = "Intel SGX PCK Platform CA";

    world->root = cert_of(root, root, true, 1);
    world->root.path_len = 1;
    world->ca = cert_of(ca, root, true, 2);
    world->pck = cert_of("Intel SGX PCK Certificate", ca, false, 3);
    world->signer = cert_of("Intel SGX TCB Signing", root, false, 4);
    world->root_crl = (struct fake_crl){
        .issuer = root, .this_update = FAKE_TDX_NOW - 1000, .next_update = FAKE_TDX_NOW + 1000};
    world->pck_crl = world->root_crl;
    world->pck_crl.issuer = ca;
}

void fake_tdx_start(struct fake_tdx *world, enum fake_tdx_kind kind)
{
    const struct buf room = BUF_OF(64 * KIB);

    *world = (struct fake_tdx){.kind = kind,
                               .tcb_info = room,
                               .qe_identity = room,
                               .root_der = room,
                               .ca_der = room,
                               .pck_der = room,
                               .signer_der = room,
                               .root_crl_der = room,
                               .pck_crl_der = room,
                               .chain = room,
                               .quote = room,
                               .collateral = BUF_OF(1 * MIB)};
    world->platform = (struct fake_pck){.components = {2, 2, 2, 2, 3, 1, 0, 5, 0xff},
                                        .pce_svn = 11,
                                        .fmspc = {0x50, 0x80, 0x6f},
                                        .platform = 1,
                                        .multi = true};
    start_header(world);
    if (kind == FAKE_SGX3)
        start_enclave(world->body);
    else
        start_td(world->body);
    start_pki(world);
    write_tcb_info(world);
    write_qe_identity(world);
    start_qe(world);
}

void fake_tdx_done(struct fake_tdx *world)
{
    struct buf *const bufs[] = {&world->tcb_info,     &world->qe_identity, &world->root_der,
                                &world->ca_der,       &world->pck_der,     &world->signer_der,
                                &world->root_crl_der, &world->pck_crl_der, &world->chain,
                                &world->quote,        &world->collateral};

    for (size_t i = 0; i < COUNT_OF(bufs); i++)
        buf_done(bufs[i]);
}

/* --- making ---------------------------------------------------------------------------------- */

static void sign(enum fake_tdx_key by, struct span bytes, struct buf *out)
{
    struct err err;

    openssl_require(sign_message(fake_tdx_key(by), bytes, out, &err) == 0);
}

static void set_hex_signature(struct json *json, const char *key, const struct buf *text)
{
    OWNED_BUF signature = BUF_OF(128);

    sign(FAKE_TDX_SIGNER, buf_span(text), &signature);
    json_set_hex(json, key, buf_span(&signature));
}

void fake_tdx_make_collateral(struct fake_tdx *world)
{
    OWNED_JSON *json = json_new_object();
    OWNED_BUF signer_chain = BUF_OF(64 * KIB), pck_chain = BUF_OF(64 * KIB);

    fake_pem("CERTIFICATE", buf_span(&world->signer_der), &signer_chain);
    fake_pem("CERTIFICATE", buf_span(&world->root_der), &signer_chain);
    fake_pem("CERTIFICATE", buf_span(&world->ca_der), &pck_chain);
    fake_pem("CERTIFICATE", buf_span(&world->root_der), &pck_chain);
    json_set_str(json, "pck_crl_issuer_chain", buf_str(&pck_chain));
    json_set_hex(json, "root_ca_crl", buf_span(&world->root_crl_der));
    json_set_hex(json, "pck_crl", buf_span(&world->pck_crl_der));
    json_set_str(json, "tcb_info_issuer_chain", buf_str(&signer_chain));
    json_set_str(json, "tcb_info", buf_str(&world->tcb_info));
    set_hex_signature(json, "tcb_info_signature", &world->tcb_info);
    json_set_str(json, "qe_identity_issuer_chain", buf_str(&signer_chain));
    json_set_str(json, "qe_identity", buf_str(&world->qe_identity));
    set_hex_signature(json, "qe_identity_signature", &world->qe_identity);
    buf_reset(&world->collateral);
    json_write(json, &world->collateral);
}

/* The point of a P-256 key: the end of its SPKI. */
static void add_point(enum fake_tdx_key which, struct buf *out)
{
    OWNED_BUF spki = BUF_OF(256);

    key_write_spki(fake_tdx_key(which), &spki);
    buf_add_span(out, span_part(buf_span(&spki), spki.len - 64, 64));
}

static void add_qe(struct fake_tdx *world, struct span point, struct buf *out)
{
    OWNED_DIGEST *digest = digest_new(DIGEST_SHA256);
    OWNED_BUF signature = BUF_OF(128);

    digest_add(digest, point);
    digest_add(digest, SPAN_OF_ARRAY(world->qe_auth));
    digest_finish(digest, world->qe + 320);
    buf_add_span(out, SPAN_OF_ARRAY(world->qe));
    sign(FAKE_TDX_PCK, SPAN_OF_ARRAY(world->qe), &signature);
    buf_add_span(out, buf_span(&signature));
    buf_add_le16(out, sizeof(world->qe_auth));
    buf_add_span(out, SPAN_OF_ARRAY(world->qe_auth));
    buf_add_le16(out, 5);
    buf_add_le32(out, (uint32_t)world->chain.len);
    buf_add_span(out, buf_span(&world->chain));
}

void fake_tdx_make_quote(struct fake_tdx *world)
{
    OWNED_BUF point = BUF_OF(64), signature = BUF_OF(64 * KIB), qe = BUF_OF(64 * KIB);

    buf_reset(&world->quote);
    buf_add_span(&world->quote, SPAN_OF_ARRAY(world->header));
    if (world->header[0] == 5) {
        buf_add_le16(&world->quote, world->kind == FAKE_TD5_15 ? 3 : 2);
        buf_add_le32(&world->quote, (uint32_t)fake_tdx_body_size(world));
    }
    buf_add(&world->quote, world->body, fake_tdx_body_size(world));
    sign(FAKE_TDX_ATTESTATION, buf_span(&world->quote), &signature);
    add_point(FAKE_TDX_ATTESTATION, &point);
    buf_add_span(&signature, buf_span(&point));
    add_qe(world, buf_span(&point), &qe);
    if (world->kind != FAKE_SGX3) {
        buf_add_le16(&signature, 6);
        buf_add_le32(&signature, (uint32_t)qe.len);
    }
    buf_add_span(&signature, buf_span(&qe));
    buf_add_le32(&world->quote, (uint32_t)signature.len);
    buf_add_span(&world->quote, buf_span(&signature));
}

void fake_tdx_make(struct fake_tdx *world)
{
    OWNED_BUF extension = BUF_OF(8 * KIB);
    struct fake_extension sgx = {.oid = OID_SGX};

    fake_tdx_extension(&world->platform, &extension);
    sgx.content = buf_span(&extension);
    world->pck.extensions = &sgx;
    world->pck.extension_count = 1;
    fake_cert_make(&world->root, fake_tdx_key(FAKE_TDX_ROOT), fake_tdx_key(FAKE_TDX_ROOT),
                   &world->root_der);
    fake_cert_make(&world->ca, fake_tdx_key(FAKE_TDX_CA), fake_tdx_key(FAKE_TDX_ROOT),
                   &world->ca_der);
    fake_cert_make(&world->pck, fake_tdx_key(FAKE_TDX_PCK), fake_tdx_key(FAKE_TDX_CA),
                   &world->pck_der);
    fake_cert_make(&world->signer, fake_tdx_key(FAKE_TDX_SIGNER), fake_tdx_key(FAKE_TDX_ROOT),
                   &world->signer_der);
    fake_crl_make(&world->root_crl, fake_tdx_key(FAKE_TDX_ROOT), &world->root_crl_der);
    fake_crl_make(&world->pck_crl, fake_tdx_key(FAKE_TDX_CA), &world->pck_crl_der);
    world->pck.extensions = NULL;
    world->pck.extension_count = 0;
    buf_reset(&world->chain);
    fake_pem("CERTIFICATE", buf_span(&world->pck_der), &world->chain);
    fake_pem("CERTIFICATE", buf_span(&world->ca_der), &world->chain);
    fake_pem("CERTIFICATE", buf_span(&world->root_der), &world->chain);
    fake_tdx_make_collateral(world);
    fake_tdx_make_quote(world);
}

void fake_tdx_input(struct fake_tdx *world, struct attest_input *in)
{
    world->collateral_items[0] = buf_span(&world->collateral);
    world->root_items[0] = buf_span(&world->root_der);
    *in = (struct attest_input){.format = world->kind == FAKE_SGX3 ? ATTEST_SGX : ATTEST_TDX,
                                .evidence = buf_span(&world->quote),
                                .collateral = {world->collateral_items, 1},
                                .trust_roots = {world->root_items, 1},
                                .now = FAKE_TDX_NOW};
}
