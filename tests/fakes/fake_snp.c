#include "tests/fakes/fake_snp.h"

#include "lib/crypto/openssl.h"
#include "lib/crypto/sign.h"

#include <stdio.h>

#define KEY_CERT_SIGN 0x04
#define CRL_SIGN      0x02
#define EXTENSIONS    16
#define OID           "1.3.6.1.4.1.3704.1."

static struct key *keys[3]; /* ark, ask, vek of P-384 */
static struct key *odd_key; /* vek of another type */

static const struct key *key_once(struct key **slot, enum key_type type)
{
    struct err err;

    if (*slot == NULL)
        openssl_require(key_generate(type, type == KEY_RSA ? 2048 : 0, slot, &err) == 0);
    return *slot;
}

const struct key *fake_snp_ark_key(void)
{
    return key_once(&keys[0], KEY_RSA);
}

const struct key *fake_snp_ask_key(void)
{
    return key_once(&keys[1], KEY_RSA);
}

const struct key *fake_snp_vek_key(enum key_type type)
{
    if (type == KEY_P384)
        return key_once(&keys[2], type);
    if (odd_key != NULL && key_type_of(odd_key) != type)
        key_free(GIVE(odd_key));
    return key_once(&odd_key, type);
}

void fake_snp_forget_keys(void)
{
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        key_free(GIVE(keys[i]));
    key_free(GIVE(odd_key));
}

void fake_put32(uint8_t *bytes, size_t offset, uint32_t value)
{
    for (size_t i = 0; i < 4; i++)
        bytes[offset + i] = (uint8_t)(value >> 8 * i);
}

void fake_put64(uint8_t *bytes, size_t offset, uint64_t value)
{
    fake_put32(bytes, offset, (uint32_t)value);
    fake_put32(bytes, offset + 4, (uint32_t)(value >> 32));
}

static const struct {
    const char *name, *ark, *ask, *asvk;
    uint8_t family, model;
    uint64_t tcb;
} products[SNP_PRODUCT_COUNT] = {
    [SNP_MILAN] = {"Milan-B0", "ARK-Milan", "SEV-Milan", "SEV-VLEK-Milan", 0x19, 0x01,
                   0xdb18000000000004},
    [SNP_GENOA] = {"Genoa", "ARK-Genoa", "SEV-Genoa", "SEV-VLEK-Genoa", 0x19, 0x11,
                   0x5418000000000009},
    [SNP_TURIN] = {"Turin", "ARK-Turin", "SEV-Turin", "SEV-VLEK-Turin", 0x1a, 0x02,
                   0x4700000003020101},
};

static void start_report(struct fake_snp *world)
{
    uint8_t *report = world->report;

    fake_put32(report, 0x000, 3);
    fake_put64(report, 0x008, 0x30000); /* SMT allowed, the reserved one */
    fake_put32(report, 0x034, 1);
    fake_put64(report, 0x038, world->tcb);
    fake_put64(report, 0x040, 0x25);
    fake_put32(report, 0x048, world->vlek ? 1 << 2 : 0);
    memset(report + 0x050, 0xd1, 64);
    memset(report + 0x090, 0xe1, 48);
    memset(report + 0x0c0, 0xa1, 32);
    memset(report + 0x160, 0xff, 32);
    fake_put64(report, 0x180, world->tcb);
    report[0x188] = products[world->product].family;
    report[0x189] = products[world->product].model;
    report[0x18a] = 1;
    if (!world->vlek)
        memcpy(report + 0x1a0, world->chip_id, sizeof(world->chip_id));
    fake_put64(report, 0x1e0, world->tcb);
    memcpy(report + 0x1e8, "\x1d\x37\x01\0\x1d\x37\x01", 7); /* 1.55.29 */
    fake_put64(report, 0x1f0, world->tcb);
}

void fake_snp_start(struct fake_snp *world, enum snp_product product, bool vlek)
{
    const struct fake_cert ca = {.not_before = FAKE_SNP_BEGIN,
                                 .not_after = FAKE_SNP_END,
                                 .ca = true,
                                 .path_len = -1,
                                 .usage = KEY_CERT_SIGN};

    *world = (struct fake_snp){.product = product,
                               .vlek = vlek,
                               .tcb = products[product].tcb,
                               .product_name = products[product].name,
                               .vek_type = KEY_P384,
                               .ark = ca,
                               .ask = ca,
                               .ark_der = BUF_OF(16 * KIB),
                               .ask_der = BUF_OF(16 * KIB),
                               .vek_der = BUF_OF(16 * KIB),
                               .crl_der = BUF_OF(16 * KIB)};
    memset(world->chip_id, 0xc1, product == SNP_TURIN ? 8 : 64);
    world->ark.subject = world->ark.issuer = products[product].ark;
    world->ark.usage |= CRL_SIGN;
    world->ark.serial = 0x10000;
    world->ask.subject = vlek ? products[product].asvk : products[product].ask;
    world->ask.issuer = world->ark.subject;
    world->ask.path_len = 0;
    world->ask.serial = 0x10001;
    world->vek = (struct fake_cert){.subject = vlek ? "SEV-VLEK" : "SEV-VCEK",
                                    .issuer = world->ask.subject,
                                    .not_before = FAKE_SNP_BEGIN,
                                    .not_after = FAKE_SNP_END};
    world->crl = (struct fake_crl){.issuer = world->ark.subject,
                                   .this_update = FAKE_SNP_NOW - 1000,
                                   .next_update = FAKE_SNP_NOW + 1000};
    start_report(world);
}

/* Content for extensions, alive until the certificate is made. */
struct extensions {
    struct fake_extension list[EXTENSIONS];
    size_t count;
    uint8_t numbers[EXTENSIONS][4];
    uint8_t texts[2][64];
};

static void add(struct extensions *to, const struct fake_snp *world, const char *oid,
                struct span content)
{
    if (world->omit == NULL || strcmp(world->omit, oid) != 0)
        to->list[to->count++] = (struct fake_extension){oid, false, content};
}

static void add_number(struct extensions *to, const struct fake_snp *world, const char *oid,
                       uint8_t value)
{
    uint8_t *der = to->numbers[to->count];

    if (value < 0x80) {
        memcpy(der, (uint8_t[]){0x02, 1, value}, 3);
        add(to, world, oid, span_of(der, 3));
    } else {
        memcpy(der, (uint8_t[]){0x02, 2, 0, value}, 4);
        add(to, world, oid, span_of(der, 4));
    }
}

static void add_text(struct extensions *to, const struct fake_snp *world, const char *oid,
                     const char *text)
{
    uint8_t *der = to->texts[strcmp(oid, OID "5") == 0];
    size_t len = strlen(text);

    openssl_require(len + 2 <= sizeof(to->texts[0]));
    der[0] = 0x16;
    der[1] = (uint8_t)len;
    memcpy(der + 2, text, len);
    add(to, world, oid, span_of(der, len + 2));
}

static void collect(struct extensions *to, const struct fake_snp *world)
{
    static const char *const classic[] = {OID "3.1", OID "3.2", OID "3.4", OID "3.5",
                                          OID "3.6", OID "3.7", OID "3.3", OID "3.8"};
    static const char *const turin[] = {OID "3.9", OID "3.1", OID "3.2", OID "3.3",
                                        OID "3.5", OID "3.6", OID "3.7", OID "3.8"};

    add_number(to, world, OID "1", world->product == SNP_TURIN);
    add_text(to, world, OID "2", world->product_name);
    for (int i = 0; i < 8; i++)
        add_number(to, world, (world->product == SNP_TURIN ? turin : classic)[i],
                   (uint8_t)(world->tcb >> 8 * i));
    if (world->vlek)
        add_text(to, world, OID "5", "CN=cc-us-east-2.amazonaws.com");
    else
        add(to, world, OID "4",
            span_of(world->chip_id, world->product == SNP_TURIN ? 8 : sizeof(world->chip_id)));
    if (world->extra.oid != NULL)
        to->list[to->count++] = world->extra;
}

void fake_snp_make(struct fake_snp *world)
{
    struct extensions extensions = {0};

    collect(&extensions, world);
    world->vek.extensions = extensions.list;
    world->vek.extension_count = extensions.count;
    fake_cert_make(&world->ark, fake_snp_ark_key(), fake_snp_ark_key(), &world->ark_der);
    fake_cert_make(&world->ask, fake_snp_ask_key(), fake_snp_ark_key(), &world->ask_der);
    fake_cert_make(&world->vek, fake_snp_vek_key(world->vek_type), fake_snp_ask_key(),
                   &world->vek_der);
    fake_crl_make(&world->crl, fake_snp_ark_key(), &world->crl_der);
    world->vek.extensions = NULL;
    fake_snp_sign(world);
}

void fake_snp_sign(struct fake_snp *world)
{
    struct span body = span_of(world->report, SNP_REPORT_SIGNED_SIZE);
    OWNED_BUF signature = BUF_OF(128);
    struct err err;

    memset(world->report + body.len, 0, SNP_REPORT_SIZE - body.len);
    openssl_require(sign_message(fake_snp_vek_key(KEY_P384), body, &signature, &err) == 0);
    for (size_t i = 0; i < SNP_SCALAR_SIZE; i++) {
        world->report[0x2a0 + i] = signature.data[SNP_SCALAR_SIZE - 1 - i];
        world->report[0x2e8 + i] = signature.data[2 * SNP_SCALAR_SIZE - 1 - i];
    }
}

void fake_snp_done(struct fake_snp *world)
{
    buf_done(&world->ark_der);
    buf_done(&world->ask_der);
    buf_done(&world->vek_der);
    buf_done(&world->crl_der);
}

void fake_snp_input(struct fake_snp *world, struct attest_input *in)
{
    world->chain_items[0] = buf_span(&world->ask_der);
    world->chain_items[1] = buf_span(&world->ark_der);
    world->crl_items[0] = buf_span(&world->crl_der);
    world->root_items[0] = buf_span(&world->ark_der);
    *in = (struct attest_input){.format = ATTEST_SNP,
                                .evidence = SPAN_OF_ARRAY(world->report),
                                .vek = buf_span(&world->vek_der),
                                .chain = {world->chain_items, 2},
                                .crls = {world->crl_items, 1},
                                .trust_roots = {world->root_items, 1},
                                .now = FAKE_SNP_NOW};
}

void fake_snp_table(const struct fake_snp *world, struct buf *out)
{
    static const uint8_t guids[3][16] = {
        {0x8d, 0x75, 0xda, 0x63, 0x64, 0xe6, 0x64, 0x45, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac,
         0xcd},
        {0x79, 0xb3, 0xb7, 0x4a, 0xac, 0xbb, 0xe4, 0x4f, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7,
         0x82},
        {0xa4, 0x06, 0xb4, 0xc0, 0x03, 0xa8, 0x52, 0x49, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0,
         0xae},
    };
    const struct buf *const certs[3] = {&world->vek_der, &world->ask_der, &world->ark_der};
    uint32_t at = 4 * 24;

    for (size_t i = 0; i < 3; i++) {
        buf_add(out, guids[i], 16);
        buf_add_le32(out, at);
        buf_add_le32(out, (uint32_t)certs[i]->len);
        at += (uint32_t)certs[i]->len;
    }
    for (size_t i = 0; i < 24; i++)
        buf_add_u8(out, 0);
    for (size_t i = 0; i < 3; i++)
        buf_add_span(out, buf_span(certs[i]));
}
