#include "lib/attest/evidence/legacy_eat.h"

#include "lib/attest/evidence/snp_pb.h"
#include "lib/attest/evidence/tpm_pb.h"
#include "lib/cbor/cose_key.h"

#include <stdlib.h>

#define ISSUER      "cocos-agent"
#define LIFE_S      300
#define OUR_CLAIM   "x-cocos-legacy"
#define OUR_PARTS   5
#define PLATFORM    "platform_type"
#define RAW         "raw_report"
#define LOG_MAX     (512 * KIB)
#define MESSAGE_MAX (1 * MIB)
#define CLAIMS_MAX  (4 * MIB)

enum { EAT_INTUSE_FIRST = 262, CNF_KEY = 1 };

int legacy_demand_set(struct span report_data, struct span nonce, struct legacy_demand *ret,
                      struct err *err)
{
    *ret = (struct legacy_demand){.report_data = {0}};
    if (report_data.len > sizeof(ret->report_data))
        return err_set(err, ERR_INPUT, "report data of %zu bytes, at most %d", report_data.len,
                       LEGACY_REPORT_DATA_SIZE);
    if (nonce.len > sizeof(ret->nonce))
        return err_set(err, ERR_INPUT, "a nonce of %zu bytes, at most %d", nonce.len,
                       LEGACY_NONCE_SIZE);
    if (report_data.len > 0)
        memcpy(ret->report_data, report_data.data, report_data.len);
    if (nonce.len > 0)
        memcpy(ret->nonce, nonce.data, nonce.len);
    return 0;
}

void legacy_nonce(const struct legacy_demand *demand, uint8_t out[static TRANSCRIPT_VALUE_SIZE])
{
    OWNED_DIGEST *digest = digest_new(DIGEST_SHA256);

    digest_add(digest, SPAN_OF_ARRAY(demand->report_data));
    digest_add(digest, SPAN_OF_ARRAY(demand->nonce));
    digest_finish(digest, out);
}

/* --- the platform's evidence, in the form of its library ------------------------------------- */

static struct span item_of(const struct bundle *bundle, enum bundle_type type)
{
    for (size_t i = 0; i < bundle_count(bundle); i++)
        if (bundle_at(bundle, i)->type == type)
            return bundle_span(&bundle_at(bundle, i)->data);
    return span_of(NULL, 0);
}

struct span legacy_log(const struct bundle *bundle)
{
    struct span log = bundle_span(&bundle->logs.tcg);

    return log.len <= LOG_MAX ? log : span_of(NULL, 0);
}

/* A TPM's message again, with what else belongs into it. */
static int rewrite_tpm(struct span in, struct span log, struct span snp, struct buf *out,
                       struct err *err)
{
    struct tpm_pb *pb = mem_new(struct tpm_pb); /* large for a stack */
    int result = tpm_pb_parse(in, pb, err);

    if (result == 0) {
        pb->event_log = log;
        pb->snp = snp;
        tpm_pb_write(pb, out);
    }
    free(pb);
    return result < 0 ? -1 : buf_check(out, "the TPM's message", err);
}

static int write_snp(const struct bundle *bundle, struct buf *out, struct err *err)
{
    return snp_pb_make(item_of(bundle, BUNDLE_SNP), out, err);
}

static int write_vtpm(const struct bundle *bundle, struct buf *out, struct err *err)
{
    return rewrite_tpm(item_of(bundle, BUNDLE_VTPM), legacy_log(bundle), span_of(NULL, 0), out,
                       err);
}

static int write_snp_vtpm(const struct bundle *bundle, struct buf *out, struct err *err)
{
    OWNED_BUF snp = BUF_OF(MESSAGE_MAX);

    if (write_snp(bundle, &snp, err) < 0)
        return -1;
    return rewrite_tpm(item_of(bundle, BUNDLE_VTPM), legacy_log(bundle), buf_span(&snp), out, err);
}

static int write_tdx(const struct bundle *bundle, struct buf *out, struct err *err)
{
    buf_add_span(out, item_of(bundle, BUNDLE_TDX));
    return buf_check(out, "the quote", err);
}

static int take_snp(struct span raw, struct bundle *bundle, struct err *err)
{
    OWNED_BUF item = BUF_OF(BUNDLE_ITEM_SIZE_MAX);

    if (snp_pb_write(raw, &item, err) < 0)
        return -1;
    return bundle_add(bundle, BUNDLE_SNP, buf_span(&item), err);
}

/* The firmware's log stays where the quote proves it. */
static int take_vtpm(struct span raw, struct bundle *bundle, struct err *err)
{
    return bundle_add(bundle, BUNDLE_VTPM, raw, err);
}

static int take_snp_vtpm(struct span raw, struct bundle *bundle, struct err *err)
{
    OWNED_BUF item = BUF_OF(BUNDLE_ITEM_SIZE_MAX);
    struct tpm_pb *pb = mem_new(struct tpm_pb);
    int result = tpm_pb_parse(raw, pb, err);

    if (result == 0)
        result = take_snp(pb->snp, bundle, err);
    if (result == 0)
        result = rewrite_tpm(raw, pb->event_log, span_of(NULL, 0), &item, err);
    free(pb);
    return result < 0 ? -1 : bundle_add(bundle, BUNDLE_VTPM, buf_span(&item), err);
}

static int take_tdx(struct span raw, struct bundle *bundle, struct err *err)
{
    return bundle_add(bundle, BUNDLE_TDX, raw, err);
}

#define HAS(type) (1u << BUNDLE_##type)

/* In the order in which a machine is called. */
static const struct {
    const char *name;
    unsigned needs;
    int (*write)(const struct bundle *bundle, struct buf *out, struct err *err);
    int (*take)(struct span raw, struct bundle *bundle, struct err *err);
} platforms[] = {
    {"SNP-vTPM", HAS(SNP) | HAS(VTPM), write_snp_vtpm, take_snp_vtpm},
    {"SNP", HAS(SNP), write_snp, take_snp},
    {"TDX", HAS(TDX), write_tdx, take_tdx},
    {"vTPM", HAS(VTPM), write_vtpm, take_vtpm},
};

static int add_platform(const struct bundle *bundle, struct cbor_map *claims, struct err *err)
{
    OWNED_BUF raw = BUF_OF(MESSAGE_MAX);
    unsigned there = 0;

    for (size_t i = 0; i < bundle_count(bundle); i++)
        there |= 1u << bundle_at(bundle, i)->type;
    for (size_t i = 0; i < COUNT_OF(platforms); i++) {
        if ((platforms[i].needs & ~there) != 0)
            continue;
        if (platforms[i].write(bundle, &raw, err) < 0)
            return -1;
        cbor_map_key_text(claims, PLATFORM);
        cbor_add_text(&claims->items, platforms[i].name);
        cbor_map_key_text(claims, RAW);
        cbor_add_bytes(&claims->items, buf_span(&raw));
        return 0;
    }
    return err_set(err, ERR_UNSUPPORTED,
                   "there is no evidence here that clients of the first agents could know");
}

/* --- writing --------------------------------------------------------------------------------- */

static void add_ours(const struct bundle *bundle, struct cbor_map *claims)
{
    const struct bundle_endorsement *from = &bundle->endorsement;
    const struct span parts[OUR_PARTS] = {
        bundle_span(&bundle->transcript), bundle_span(&bundle->logs.cel), bundle_span(&from->ek),
        bundle_span(&from->ek_certificate), bundle_span(&from->svsm_manifest)};

    cbor_map_key_text(claims, OUR_CLAIM);
    cbor_add_array(&claims->items, OUR_PARTS);
    for (size_t i = 0; i < OUR_PARTS; i++)
        cbor_add_bytes(&claims->items, parts[i]);
}

static void add_moment(int64_t issued, struct cbor_map *claims)
{
    if (issued == 0)
        return;
    cbor_map_key_int(claims, EAT_IAT);
    cbor_add_int(&claims->items, issued);
    cbor_map_key_int(claims, EAT_EXP);
    cbor_add_int(&claims->items, issued + LIFE_S);
}

static int add_claims(const struct legacy_answer *answer, const struct key *key,
                      struct cbor_map *claims, struct err *err)
{
    cbor_map_key_int(claims, EAT_ISS);
    cbor_add_text(&claims->items, ISSUER);
    add_moment(answer->issued, claims);
    cbor_map_key_int(claims, EAT_NONCE);
    cbor_add_bytes(&claims->items, SPAN_OF_ARRAY(answer->demand.nonce));
    cbor_map_key_int(claims, EAT_INTUSE_FIRST);
    cbor_add_int(&claims->items, 1);
    cbor_map_key_int(claims, EAT_CNF);
    cbor_add_map(&claims->items, 1);
    cbor_add_uint(&claims->items, CNF_KEY);
    if (cose_key_write(key, &claims->items, err) < 0)
        return -1;
    add_ours(answer->bundle, claims);
    if (add_platform(answer->bundle, claims, err) < 0)
        return -1;
    return legacy_claims_add(answer->bundle, claims, err);
}

int legacy_eat_write(const struct legacy_answer *answer, const struct key *key, struct buf *out,
                     struct err *err)
{
    OWNED_CBOR_MAP claims = CBOR_MAP_OF(CLAIMS_MAX), header = CBOR_MAP_OF(64);
    OWNED_BUF payload = BUF_OF(CLAIMS_MAX);
    struct cose_content content = {.unprotected_map = &header};

    if (add_claims(answer, key, &claims, err) < 0 || cbor_map_write(&claims, &payload, err) < 0)
        return err_wrap(err, "eat");
    cbor_map_key_int(&header, COSE_KID);
    cbor_add_bytes(&header.items, span_of_str(ISSUER));
    content.payload = buf_span(&payload);
    return cose_sign1_sign(key, &content, out, err);
}

/* --- reading --------------------------------------------------------------------------------- */

bool legacy_eat_is(const struct eat *eat)
{
    return cbor_find_text(eat->claims, OUR_CLAIM).kind != CBOR_NONE;
}

static int take_ours(const struct eat *eat, struct bundle *bundle, struct err *err)
{
    struct cbor list = cbor_find_text(eat->claims, OUR_CLAIM);
    struct transcript transcript;
    struct span parts[OUR_PARTS];

    if (list.kind != CBOR_ARRAY || list.number != OUR_PARTS)
        return err_set(err, ERR_INPUT, "eat: %s has %d parts", OUR_CLAIM, OUR_PARTS);
    for (size_t i = 0; i < OUR_PARTS; i++) {
        if (cbor_at(list, i).kind != CBOR_BYTES)
            return err_set(err, ERR_INPUT, "eat: %s: part %zu is no byte string", OUR_CLAIM, i);
        parts[i] = cbor_bytes(cbor_at(list, i));
    }
    if (transcript_parse(parts[0], &transcript, err) < 0 ||
        bundle_set_transcript(bundle, &transcript, err) < 0 ||
        bundle_set_logs(bundle, &(struct transcript_logs){.cel = parts[1]}, err) < 0 ||
        bundle_set_endorsement(bundle, parts[2], parts[3], err) < 0)
        return -1;
    return bundle_set_svsm(bundle, parts[4], err);
}

static int take_platform(const struct eat *eat, struct bundle *bundle, struct err *err)
{
    struct cbor name = cbor_find_text(eat->claims, PLATFORM);
    struct span raw = cbor_bytes(cbor_find_text(eat->claims, RAW));

    for (size_t i = 0; i < COUNT_OF(platforms); i++)
        if (cbor_text_is(name, platforms[i].name))
            return platforms[i].take(raw, bundle, err);
    return err_set(err, ERR_INPUT, "eat: a platform_type that is none of ours");
}

int legacy_eat_read(const struct eat *eat, struct bundle *ret, struct err *err)
{
    OWNED_BUNDLE bundle;

    bundle_init(&bundle);
    if (take_ours(eat, &bundle, err) < 0 || take_platform(eat, &bundle, err) < 0)
        return -1;
    *ret = bundle;
    bundle = (struct bundle){0};
    return 0;
}
